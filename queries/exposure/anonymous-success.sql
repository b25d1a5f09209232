-- title: Data read without credentials
-- question: What did callers without credentials read and list, and is that new for the bucket?
-- pack: exposure
-- kind: detection
-- severity: medium
-- attack: T1530
-- parameter: include_website boolean false — whether requests to website endpoints, public by design, are shown too
-- column: principal — who, whatever the session: role, user or person
-- column: requester — the requester where there is one, else the principal; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — the bucket, where there is one
-- column: events — requests of the principal that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: operation — operation as logged
-- column: website — whether by a website endpoint
-- column: via_acl — whether an ACL was needed
-- column: keys — distinct keys
-- column: bytes — bytes of the objects
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line
-- false positives: Buckets that are public on purpose, and origins of a CDN that reads without credentials: low where they were open from the beginning.
-- cannot tell: What a policy or ACL says: CloudTrail has PutBucketPolicy and PutBucketAcl.
-- next: Close the bucket if it should not be open; exposure-window says who opened it.
-- source: AWS documentation, "Using Amazon S3 server access logs to identify requests"

WITH buckets AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1),
open AS (
  SELECT bucket, min(CASE WHEN reads + lists > 0 THEN first_seen END) AS since, min(CASE WHEN lists > 0 THEN first_seen END) AS listed_since
  FROM profile_activity WHERE principal = 'anonymous' GROUP BY 1
),
hits AS (
  SELECT r.bucket, r.operation, r.remote_ip, r.object, r.bytes_sent, r.action, r.request_time, r.acl_required, r.log_file, r.log_line,
         r.operation LIKE 'WEBSITE.%' OR coalesce(r.host_header, '') LIKE '%s3-website%' AS website
  FROM requests r WHERE r.principal = 'anonymous' AND r.action IN ('read', 'list', 'inspect')
)
SELECT 'anonymous' AS principal, CAST(NULL AS VARCHAR) AS requester, CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips, CAST(0 AS BIGINT) AS sessions,
       r.bucket, count(*) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
       r.operation, r.website, r.acl_required IS NOT NULL AS via_acl, count(DISTINCT r.object) AS keys, sum(r.bytes_sent) AS bytes,
       CASE WHEN min(o.since) >= min(b.since) + INTERVAL '2 days' THEN 'medium' WHEN r.action = 'list' AND min(o.listed_since) >= min(b.since) + INTERVAL '2 days' THEN 'medium' ELSE 'low' END AS severity,
       CASE WHEN min(o.since) >= min(b.since) + INTERVAL '2 days' THEN 'nobody read it without credentials before'
            WHEN r.action = 'list' AND min(o.listed_since) >= min(b.since) + INTERVAL '2 days' THEN 'nobody listed it without credentials before'
            WHEN min(o.since) IS NULL THEN 'nothing but headers was read' ELSE 'open since the logs begin' END AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r JOIN buckets b ON b.bucket = r.bucket LEFT JOIN open o ON o.bucket = r.bucket
WHERE $include_website OR NOT r.website
GROUP BY r.bucket, r.operation, r.action, r.website, r.acl_required IS NOT NULL
ORDER BY bytes DESC NULLS LAST, r.bucket, r.operation, r.website, via_acl, r.action
