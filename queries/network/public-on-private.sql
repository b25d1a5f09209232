-- title: A public address at a private bucket
-- question: Did a bucket that is used from private addresses answer a public one?
-- pack: network
-- kind: detection
-- severity: medium
-- attack: T1530
-- parameter: share float 0.99 — share of private requests from which a bucket counts as private
-- parameter: min_events integer 200 — requests with an address a bucket must have
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: refused — how many got 403
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: evidence — up to three log_file:log_line to look at
-- false positives: People in the console, reads by services in AWS.
-- source: Own

WITH private AS (
  SELECT bucket FROM logs
  WHERE remote_ip IS NOT NULL
  GROUP BY bucket
  HAVING count(*) >= $min_events AND avg(CASE WHEN is_private_ip(remote_ip) THEN 1.0 ELSE 0.0 END) >= $share
),
hits AS (SELECT * FROM logs WHERE NOT is_private_ip(remote_ip))
SELECT h.requester, h.remote_ip, h.bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(*) FILTER (WHERE h.http_status = 403) AS refused, sum(h.bytes_sent) AS bytes,
       evidence(log_file, log_line, request_time) AS evidence
-- The few buckets stand first: a join keeps its first side in memory, and reads the second past it.
FROM private p JOIN hits h ON h.bucket = p.bucket
GROUP BY h.requester, h.remote_ip, h.bucket
HAVING count(*) FILTER (WHERE h.http_status < 400) > 0
ORDER BY bytes DESC NULLS LAST, h.requester NULLS FIRST, h.remote_ip, h.bucket
