-- title: Replication changed
-- question: Who changed replication, and did a replication role read more afterwards?
-- pack: replication
-- kind: detection
-- severity: medium
-- attack: T1537
-- parameter: follow interval 24 hours — time before and after the change that is compared
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: reads_before — reads by replication before
-- column: reads_after — reads by replication after
-- column: evidence — up to three log_file:log_line to look at
-- false positives: A set-up for disaster recovery. The log does not show the destination.
-- source: Published rules on replication to other accounts; own

WITH changes AS (
  SELECT requester, bucket, operation, min(remote_ip) AS remote_ip, count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen, evidence(log_file, log_line, request_time) AS evidence
  FROM logs
  WHERE operation IN ('REST.PUT.REPLICATION', 'REST.DELETE.REPLICATION') AND http_status BETWEEN 200 AND 299
  GROUP BY requester, bucket, operation
),
reads AS (
  SELECT bucket, request_time FROM logs
  WHERE operation = 'REST.GET.OBJECT' AND session_name(requester) = 's3-replication'
)
SELECT c.requester, c.remote_ip, c.bucket, c.operation, c.events, c.first_seen, c.last_seen,
       count(*) FILTER (WHERE r.request_time BETWEEN c.first_seen - CAST($follow AS INTERVAL) AND c.first_seen) AS reads_before,
       count(*) FILTER (WHERE r.request_time > c.last_seen AND r.request_time <= c.last_seen + CAST($follow AS INTERVAL)) AS reads_after,
       c.evidence
FROM changes c LEFT JOIN reads r ON r.bucket = c.bucket
GROUP BY c.requester, c.remote_ip, c.bucket, c.operation, c.events, c.first_seen, c.last_seen, c.evidence
ORDER BY c.first_seen, c.requester NULLS FIRST, c.bucket, c.operation
