-- title: The account's root user
-- question: Did the root user of the bucket's account act?
-- pack: credentials
-- kind: detection
-- severity: medium
-- attack: T1078.004
-- parameter: reads boolean false — whether reads are shown too
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Servers other than AWS's, where every user is logged under the owner's id. Old tools with root's keys; some reads of AWS itself.
-- source: AWS documentation on the requester field; query of our own

WITH hits AS (
  SELECT * FROM logs
  WHERE (requester = bucket_owner AND regexp_like(requester, '^[0-9a-f]{64}$') OR (requester LIKE '%:root' AND principal_type(requester) = 'root'))
    AND ($reads OR operation_class(operation) NOT IN ('read', 'metadata_read', 'list', 'config_read'))
)
SELECT requester, remote_ip, bucket, operation,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket, operation
ORDER BY events DESC, bucket, remote_ip, operation, requester
