-- title: Unusual gaps in a bucket's logs
-- question: Where do the logs have gaps longer than is usual for the bucket?
-- pack: integrity
-- kind: report
-- severity: low
-- attack: T1685.002
-- parameter: min_gap integer 3600 — shortest gap to show, in seconds
-- parameter: factor float 5.0 — multiple of the bucket's 99.9th percentile of pauses
-- column: bucket — the bucket
-- column: gap_start — last record before the gap
-- column: gap_end — first record after the gap
-- column: seconds — length of the gap in seconds
-- column: usual_seconds — the bucket's 99.9th percentile of gaps
-- false positives: Idle buckets, weekends. AWS delivers access logs on a best-effort basis and does not promise completeness.
-- source: saltmine

WITH gaps AS (
  SELECT bucket, lag(request_time) OVER (PARTITION BY bucket ORDER BY request_time) AS gap_start, request_time AS gap_end
  FROM logs
),
measured AS (
  SELECT *, date_part('epoch', gap_end) - date_part('epoch', gap_start) AS seconds FROM gaps WHERE gap_start IS NOT NULL
),
habit AS (SELECT bucket, approx_percentile_cont(seconds, 0.999) AS usual_seconds FROM measured GROUP BY bucket)
SELECT m.bucket, m.gap_start, m.gap_end, m.seconds, round(h.usual_seconds) AS usual_seconds
FROM measured m JOIN habit h ON h.bucket = m.bucket
WHERE m.seconds >= $min_gap AND m.seconds > $factor * h.usual_seconds
ORDER BY m.seconds DESC, m.bucket, m.gap_start
