-- title: Versions listed, then deleted
-- question: Who listed the versions of a bucket and then deleted them by their ids?
-- pack: object-lock
-- kind: detection
-- severity: high
-- attack: T1485
-- parameter: versions integer 20 — distinct versions from which it is shown
-- parameter: within interval 24 hours — how long after the listing deletes count
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: versions_listed — when versions were first listed
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: versions — distinct versions
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Scripts that empty a bucket. In a bucket with object lock it may be a bypass of governance mode: CloudTrail tells.
-- source: Published attack simulations delete all versions; the sequence is our own

WITH listings AS (
  SELECT requester, bucket, min(request_time) AS versions_listed FROM logs
  WHERE operation = 'REST.GET.BUCKETVERSIONS' AND http_status = 200
  GROUP BY requester, bucket
),
deletes AS (
  SELECT * FROM logs
  WHERE operation IN ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT') AND version_id IS NOT NULL
    AND http_status BETWEEN 200 AND 299
)
SELECT d.requester, min(d.remote_ip) AS remote_ip, d.bucket, l.versions_listed,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT d.key) AS keys, count(DISTINCT d.version_id) AS versions,
       evidence(log_file, log_line, request_time) AS evidence
FROM deletes d JOIN listings l ON l.requester = d.requester AND l.bucket = d.bucket
WHERE d.request_time BETWEEN l.versions_listed AND l.versions_listed + CAST($within AS INTERVAL)
GROUP BY d.requester, d.bucket, l.versions_listed
HAVING count(DISTINCT d.version_id) >= $versions
ORDER BY versions DESC, d.requester, d.bucket
