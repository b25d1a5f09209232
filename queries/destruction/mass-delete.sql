-- title: Many deletes in minutes
-- question: Who deleted many keys in a short time, and how many for good, by version id?
-- pack: destruction
-- kind: detection
-- severity: high
-- attack: T1485
-- parameter: keys integer 100 — distinct keys from which it is shown
-- parameter: window interval 10 minutes — length of the windows, which do not overlap
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: version_targeted — deletes with a version id
-- column: operations — operations seen
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Retention jobs, temporary files of Spark, the vacuum of Iceberg and Delta.
-- source: AWS documentation on who deleted an object; published attack simulations

WITH hits AS (
  SELECT * FROM logs
  -- One row for each key; the call that carries a batch has no key and is not counted.
  WHERE operation IN ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT') AND http_status BETWEEN 200 AND 299
)
SELECT requester, remote_ip, bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, sum(object_size) AS bytes, count(version_id) AS version_targeted,
       array_distinct(make_array(min(operation), max(operation))) AS operations,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket, date_bin(CAST($window AS INTERVAL), request_time)
HAVING count(DISTINCT key) >= $keys
ORDER BY keys DESC, first_seen, requester NULLS FIRST, remote_ip, bucket
