-- title: Download volume far above the principal's baseline
-- question: Who downloaded far more bytes in one day, over all buckets, than on any earlier day?
-- pack: exfiltration
-- kind: detection
-- severity: medium
-- attack: T1530
-- parameter: sigma float 3.0 — standard deviations above the mean of earlier days; normal days stay within three
-- parameter: times float 3.0 — multiple of the busiest of these days
-- parameter: floor integer 1073741824 — minimum bytes per day; one gibibyte is little for a program
-- parameter: min_days integer 5 — minimum earlier days with reads to form a baseline
-- column: principal — who acted, independent of the session: role, user or person
-- column: requester — the requester if there is only one, otherwise the principal; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — the bucket if there is only one, otherwise null
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: day — UTC day
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: usual_bytes — mean of the earlier days
-- column: busiest_bytes — bytes on the busiest day
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Month-end jobs, new pipelines.
-- cannot tell: What the objects contained.
-- next: Check bulk-read for the same day, and what else the principal did.
-- source: saltmine; other tools use machine learning for this

WITH days AS (
  SELECT principal, day, sum(bytes_read) AS bytes FROM profile_activity
  WHERE NOT is_aws AND principal <> 'anonymous' AND (origin IS DISTINCT FROM 'link') AND reads > 0 GROUP BY 1, 2
),
past AS (
  -- The fourteen previous days with reads; days without reads do not count.
  SELECT *, avg(bytes) OVER w AS usual_bytes, max(bytes) OVER w AS busiest_bytes, stddev(bytes) OVER w AS deviation, count(*) OVER w AS history
  FROM days WINDOW w AS (PARTITION BY principal ORDER BY day ROWS BETWEEN 14 PRECEDING AND 1 PRECEDING)
),
chosen AS (
  SELECT * FROM past WHERE history >= $min_days AND bytes > $floor AND bytes > usual_bytes + $sigma * coalesce(deviation, 0) AND bytes >= $times * busiest_bytes
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, CASE WHEN count(DISTINCT r.bucket) = 1 THEN min(r.bucket) END AS bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, c.day, count(DISTINCT r.object) AS keys, sum_once(CASE WHEN r.operation LIKE 'REST.COPY.%' THEN r.object_size ELSE r.bytes_sent END, r.record) AS bytes, CAST(round(c.usual_bytes) AS BIGINT) AS usual_bytes, c.busiest_bytes,
       'medium' AS severity, concat('previously at most ', c.busiest_bytes, ' bytes per day') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM chosen c JOIN requests r ON r.principal = c.principal AND date_trunc('day', r.request_time) = c.day
WHERE r.action = 'read' AND (r.origin IS DISTINCT FROM 'link')
GROUP BY r.principal, c.day, c.bytes, c.usual_bytes, c.busiest_bytes
ORDER BY bytes DESC, c.day, r.principal
