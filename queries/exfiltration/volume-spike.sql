-- title: Far more than on the days before
-- question: Who read far more on a day than on their own days before?
-- pack: exfiltration
-- kind: detection
-- severity: medium
-- attack: T1530
-- parameter: sigma float 3.0 — standard deviations above the mean
-- parameter: floor integer 1073741824 — bytes a day below which nothing is shown
-- parameter: min_days integer 5 — days of history that are needed
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: day — UTC day
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: keys — distinct keys
-- column: usual_bytes — mean of the days before
-- column: deviation — their standard deviation
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Jobs at the end of a month, new pipelines.
-- source: Own; what others do with machine learning, in SQL

WITH days AS (
  SELECT requester, CASE WHEN count(DISTINCT remote_ip) = 1 THEN min(remote_ip) END AS remote_ip, CASE WHEN count(DISTINCT bucket) = 1 THEN min(bucket) END AS bucket, date_trunc('day', request_time) AS day,
         count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen, sum(bytes_sent) AS bytes, count(DISTINCT key) AS keys,
         evidence(log_file, log_line, request_time) AS evidence
  FROM logs
  WHERE operation = 'REST.GET.OBJECT' AND http_status IN (200, 206) AND requester IS NOT NULL
  GROUP BY requester, date_trunc('day', request_time)
),
past AS (
  -- The fourteen days with reads before this one; days without any do not count.
  SELECT *, avg(bytes) OVER w AS usual_bytes, stddev(bytes) OVER w AS deviation, count(*) OVER w AS history
  FROM days
  WINDOW w AS (PARTITION BY requester ORDER BY day ROWS BETWEEN 14 PRECEDING AND 1 PRECEDING)
)
SELECT requester, remote_ip, bucket, day, events, first_seen, last_seen, bytes, keys,
       round(usual_bytes) AS usual_bytes, round(deviation) AS deviation, evidence
FROM past
WHERE history >= $min_days AND bytes > $floor AND bytes > usual_bytes + $sigma * coalesce(deviation, 0)
ORDER BY bytes DESC, requester, day
