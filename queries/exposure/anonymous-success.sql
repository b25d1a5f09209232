-- title: Data read without credentials
-- question: What did callers without credentials read and list, and is that new for the bucket?
-- pack: exposure
-- kind: detection
-- severity: medium
-- attack: T1530
-- parameter: include_website boolean false — whether to include requests to website endpoints, which are public by design
-- column: principal — who acted, independent of the session: role, user or person
-- column: requester — the requester if there is only one, otherwise the principal; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — bucket
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: operation — operation as logged
-- column: website — whether a website endpoint was used
-- column: via_acl — whether an ACL was needed
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Buckets that are public on purpose, and origins of a CDN that reads without credentials: rated low if they were public from the beginning.
-- cannot tell: The content of a policy or ACL: CloudTrail has PutBucketPolicy and PutBucketAcl.
-- next: Close the bucket if it should not be public; exposure-window shows who opened it.
-- source: AWS documentation, "Using Amazon S3 server access logs to identify requests"

WITH buckets AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1),
open AS (
  SELECT bucket, min(CASE WHEN reads + lists > 0 THEN first_seen END) AS since, min(CASE WHEN lists > 0 THEN first_seen END) AS listed_since
  FROM profile_activity WHERE principal = 'anonymous' GROUP BY 1
),
hits AS (
  SELECT r.bucket, r.operation, r.remote_ip, r.record, r.object, r.bytes_sent, r.action, r.request_time, r.acl_required, r.log_file, r.log_line,
         r.operation LIKE 'WEBSITE.%' OR coalesce(r.host_header, '') LIKE '%s3-website%' AS website
  FROM requests r WHERE r.principal = 'anonymous' AND r.action IN ('read', 'list', 'inspect')
)
SELECT 'anonymous' AS principal, CAST(NULL AS VARCHAR) AS requester, CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips, CAST(0 AS BIGINT) AS sessions,
       r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
       r.operation, r.website, r.acl_required IS NOT NULL AS via_acl, count(DISTINCT r.object) AS keys, sum_once(r.bytes_sent, r.record) AS bytes,
       CASE WHEN min(o.since) >= min(b.since) + INTERVAL '2 days' THEN 'medium' WHEN r.action = 'list' AND min(o.listed_since) >= min(b.since) + INTERVAL '2 days' THEN 'medium' ELSE 'low' END AS severity,
       CASE WHEN min(o.since) >= min(b.since) + INTERVAL '2 days' THEN 'nobody read it without credentials before'
            WHEN r.action = 'list' AND min(o.listed_since) >= min(b.since) + INTERVAL '2 days' THEN 'nobody listed it without credentials before'
            WHEN min(o.since) IS NULL THEN 'only headers were read' ELSE 'open since the start of the logs' END AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r JOIN buckets b ON b.bucket = r.bucket LEFT JOIN open o ON o.bucket = r.bucket
WHERE $include_website OR NOT r.website
GROUP BY r.bucket, r.operation, r.action, r.website, r.acl_required IS NOT NULL
ORDER BY bytes DESC NULLS LAST, r.bucket, r.operation, r.website, via_acl, r.action
