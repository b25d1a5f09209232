-- title: Refused deletes of versions
-- question: Who tried to delete versions and was refused, as object lock does?
-- pack: object-lock
-- kind: detection
-- severity: medium
-- attack: T1485
-- parameter: min_refusals integer 1 — refusals from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: versions — distinct versions
-- column: evidence — up to three log_file:log_line to look at
-- false positives: A plain lack of permission looks the same; backups that prune too early.
-- source: Own

WITH hits AS (
  SELECT * FROM logs
  WHERE operation IN ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT') AND version_id IS NOT NULL
    AND http_status = 403 AND error_code = 'AccessDenied'
)
SELECT requester, remote_ip, bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, count(DISTINCT version_id) AS versions,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket
HAVING count(*) >= $min_refusals
ORDER BY events DESC, requester NULLS FIRST, remote_ip, bucket
