-- title: Past the access point
-- question: Is data reached past the access point that should stand before it?
-- pack: network
-- kind: detection
-- severity: low
-- attack: T1530
-- parameter: min_share float 0.5 — share of requests by an access point from which a bucket counts as fronted
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Administrators; replication and lifecycle are left out.
-- source: Own

WITH fronted AS (
  SELECT bucket FROM logs
  WHERE operation LIKE '%.OBJECT' AND operation LIKE 'REST.%'
  GROUP BY bucket
  HAVING avg(CASE WHEN access_point_arn IS NULL THEN 0.0 ELSE 1.0 END) >= $min_share
),
hits AS (
  SELECT * FROM logs
  WHERE access_point_arn IS NULL AND operation LIKE 'REST.%.OBJECT' AND http_status < 400
    AND session_name(requester) IS DISTINCT FROM 's3-replication'
)
SELECT h.requester, h.remote_ip, h.bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       sum(h.bytes_sent) AS bytes,
       evidence(log_file, log_line, request_time) AS evidence
-- The few buckets stand first: a join keeps its first side in memory, and reads the second past it.
FROM fronted f JOIN hits h ON h.bucket = f.bucket
GROUP BY h.requester, h.remote_ip, h.bucket
ORDER BY bytes DESC NULLS LAST, h.requester NULLS FIRST, h.remote_ip, h.bucket
