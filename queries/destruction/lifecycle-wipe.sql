-- title: A lifecycle rule, then mass expiry
-- question: Did a change of lifecycle rules lead to mass expiry?
-- pack: destruction
-- kind: detection
-- severity: high
-- attack: T1485.001
-- parameter: within interval 8 days — time after the change in which expiries count
-- parameter: min_expired integer 100 — expiries from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: expired — objects expired
-- column: markers — delete markers made
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Planned retention.
-- source: Reports on ransom that marks objects for deletion within a week; published attack techniques

WITH changes AS (
  SELECT bucket, requester, remote_ip, request_time AS changed_at, log_file, log_line FROM logs
  WHERE operation = 'REST.PUT.LIFECYCLE' AND http_status BETWEEN 200 AND 299
),
expiries AS (
  SELECT bucket, request_time, operation, object_size, log_file, log_line FROM logs
  WHERE operation IN ('S3.EXPIRE.OBJECT', 'S3.CREATE.DELETEMARKER')
)
SELECT c.requester, c.remote_ip, c.bucket,
       count(*) AS events, c.changed_at AS first_seen, max(e.request_time) AS last_seen,
       count(*) FILTER (WHERE e.operation = 'S3.EXPIRE.OBJECT') AS expired,
       count(*) FILTER (WHERE e.operation = 'S3.CREATE.DELETEMARKER') AS markers,
       sum(e.object_size) AS bytes,
       array_slice(array_concat(evidence(c.log_file, c.log_line, c.changed_at), evidence(e.log_file, e.log_line, e.request_time)), 1, 3) AS evidence
FROM changes c JOIN expiries e ON e.bucket = c.bucket
WHERE e.request_time BETWEEN c.changed_at AND c.changed_at + CAST($within AS INTERVAL)
GROUP BY c.requester, c.remote_ip, c.bucket, c.changed_at
HAVING count(*) >= $min_expired
ORDER BY events DESC, first_seen, c.bucket, c.requester
