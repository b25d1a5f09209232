-- title: Changes of versioning, encryption, replication or lifecycle
-- question: When were versioning, default encryption, replication or lifecycle rules touched, and what did the same principal write or delete afterwards?
-- pack: destruction
-- kind: detection
-- severity: medium
-- attack: T1490
-- parameter: follow interval 24 hours — how long the principal is followed
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: writes_after — writes that followed
-- column: deletes_after — deletes that followed
-- column: evidence — up to three log_file:log_line to look at
-- false positives: The log does not show the body: switching on looks like switching off.
-- source: Published rules over CloudTrail

WITH changes AS (
  SELECT * FROM logs
  WHERE http_status BETWEEN 200 AND 299
    AND operation IN ('REST.PUT.VERSIONING', 'REST.PUT.ENCRYPTION', 'REST.DELETE.ENCRYPTION', 'REST.PUT.REPLICATION',
                      'REST.DELETE.REPLICATION', 'REST.DELETE.LIFECYCLE')
),
summed AS (
  SELECT requester, min(remote_ip) AS remote_ip, bucket, operation, count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen, evidence(log_file, log_line, request_time) AS evidence
  FROM changes GROUP BY requester, bucket, operation
),
later AS (
  SELECT requester, bucket, request_time, operation LIKE '%DELETE.OBJECT' AS is_delete FROM logs
  WHERE http_status BETWEEN 200 AND 299
    AND operation IN ('REST.PUT.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOAD', 'REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT')
)
SELECT s.requester, s.remote_ip, s.bucket, s.operation, s.events, s.first_seen, s.last_seen,
       count(*) FILTER (WHERE NOT l.is_delete) AS writes_after, count(*) FILTER (WHERE l.is_delete) AS deletes_after,
       s.evidence
FROM summed s LEFT JOIN later l
  ON l.requester = s.requester AND l.bucket = s.bucket
 AND l.request_time >= s.first_seen AND l.request_time <= s.first_seen + CAST($follow AS INTERVAL)
GROUP BY s.requester, s.remote_ip, s.bucket, s.operation, s.events, s.first_seen, s.last_seen, s.evidence
ORDER BY s.first_seen, s.requester NULLS FIRST, s.bucket, s.operation
