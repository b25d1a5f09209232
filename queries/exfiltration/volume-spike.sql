-- title: Download volume far above the baseline of a principal
-- question: Who read far more bytes on a day, over all buckets, than on any day before?
-- pack: exfiltration
-- kind: detection
-- severity: medium
-- attack: T1530
-- parameter: sigma float 3.0 — standard deviations above the mean of the days before; three are beyond what normal days vary by
-- parameter: times float 3.0 — how many times the busiest of these days
-- parameter: floor integer 1073741824 — bytes a day below which nothing is shown: a gibibyte is little for a program
-- parameter: min_days integer 5 — days with reads before, without which there is no baseline
-- column: principal — who, whatever the session: role, user or person
-- column: requester — the requester where there is one, else the principal; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — the bucket, where there is one
-- column: events — requests of the principal that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: day — UTC day
-- column: keys — distinct keys
-- column: bytes — bytes of the objects
-- column: usual_bytes — mean of the days before
-- column: busiest_bytes — the most of them
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line
-- false positives: Jobs at the end of a month, new pipelines.
-- cannot tell: What was in the objects.
-- next: Look at bulk-read for the same day, and at what else the principal did.
-- source: Own; what others do with machine learning, in SQL

WITH days AS (
  SELECT principal, day, sum(bytes_read) AS bytes FROM profile_activity
  WHERE NOT is_aws AND principal <> 'anonymous' AND (origin IS DISTINCT FROM 'link') AND reads > 0 GROUP BY 1, 2
),
past AS (
  -- The fourteen days with reads before this one; days without any do not count.
  SELECT *, avg(bytes) OVER w AS usual_bytes, max(bytes) OVER w AS busiest_bytes, stddev(bytes) OVER w AS deviation, count(*) OVER w AS history
  FROM days WINDOW w AS (PARTITION BY principal ORDER BY day ROWS BETWEEN 14 PRECEDING AND 1 PRECEDING)
),
chosen AS (
  SELECT * FROM past WHERE history >= $min_days AND bytes > $floor AND bytes > usual_bytes + $sigma * coalesce(deviation, 0) AND bytes >= $times * busiest_bytes
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, CASE WHEN count(DISTINCT r.bucket) = 1 THEN min(r.bucket) END AS bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, c.day, count(DISTINCT r.object) AS keys, c.bytes, CAST(round(c.usual_bytes) AS BIGINT) AS usual_bytes, c.busiest_bytes,
       'medium' AS severity, concat('at most ', c.busiest_bytes, ' bytes a day before') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM chosen c JOIN requests r ON r.principal = c.principal AND date_trunc('day', r.request_time) = c.day
WHERE r.action = 'read' AND (r.origin IS DISTINCT FROM 'link')
GROUP BY r.principal, c.day, c.bytes, c.usual_bytes, c.busiest_bytes
ORDER BY c.bytes DESC, c.day, r.principal
