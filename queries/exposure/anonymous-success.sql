-- title: What callers without credentials got
-- question: What did unauthenticated callers get, listings included?
-- pack: exposure
-- kind: detection
-- severity: medium
-- attack: T1530
-- parameter: include_website boolean false — whether requests to website endpoints, public by design, are shown too
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: website — whether by a website endpoint
-- column: via_acl — whether an ACL was needed
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: addresses — distinct addresses
-- column: keys — distinct keys
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Buckets that are public on purpose, and origins of a CDN that reads without credentials.
-- source: AWS documentation, "Using Amazon S3 server access logs to identify requests"

WITH hits AS (
  SELECT bucket, operation, remote_ip, key, bytes_sent, request_time, acl_required, log_file, log_line,
         operation LIKE 'WEBSITE.%' OR coalesce(host_header, '') LIKE '%s3-website%' AS website
  FROM logs
  WHERE is_anonymous(requester) AND http_status BETWEEN 200 AND 299
    -- Lifecycle and other work of S3 itself, and browsers' preflights, are nobody's reads.
    AND (operation LIKE 'REST.%' OR operation LIKE 'WEBSITE.%')
    AND operation <> 'REST.OPTIONS.PREFLIGHT'
)
SELECT h.bucket, operation, CAST(NULL AS VARCHAR) AS requester, CASE WHEN count(DISTINCT remote_ip) = 1 THEN min(remote_ip) END AS remote_ip, website,
       acl_required IS NOT NULL AS via_acl,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT remote_ip) AS addresses, count(DISTINCT key) AS keys, sum(bytes_sent) AS bytes,
       CASE WHEN bool_and(a.since < b.since + INTERVAL '2 days') THEN 'low' ELSE 'medium' END AS severity,
       CASE WHEN bool_and(a.since < b.since + INTERVAL '2 days') THEN 'open since the logs begin' ELSE 'nobody read it without credentials before' END AS reasons,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits h
JOIN (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1) b ON b.bucket = h.bucket
LEFT JOIN (SELECT bucket, min(first_seen) AS since FROM profile_activity WHERE principal = 'anonymous' AND reads + lists > 0 GROUP BY 1) a ON a.bucket = h.bucket
WHERE $include_website OR NOT website
GROUP BY h.bucket, operation, website, acl_required IS NOT NULL
ORDER BY bytes DESC NULLS LAST, h.bucket, operation, website, via_acl
