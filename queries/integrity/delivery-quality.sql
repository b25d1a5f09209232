-- title: Records delivered twice or late
-- question: How many records came twice, and how late did they come?
-- pack: integrity
-- kind: report
-- severity: info
-- parameter: late_hours integer 6 — hours from which a delivery counts as late
-- column: bucket — the bucket
-- column: day — UTC day
-- column: events — requests that match
-- column: copies — records that are copies of another
-- column: late — how many came late
-- column: median_delay — seconds between event and the time in the file's name
-- column: longest_delay — seconds
-- false positives: File names without a time have no delay. Rows of a batch delete share a request id, so key and version belong to the test.
-- source: Reports on lateness at scale; AWS documentation on delivery

WITH records AS (
  SELECT bucket, request_time, request_id, operation, key, version_id, http_status, count(*) AS times, min(log_file_time(log_file)) AS delivered
  FROM logs
  GROUP BY bucket, request_time, request_id, operation, key, version_id, http_status
),
delays AS (
  SELECT *, date_part('epoch', delivered) - date_part('epoch', request_time) AS delay
  FROM records
)
SELECT bucket, date_trunc('day', request_time) AS day, sum(times) AS events, sum(times - 1) AS copies,
       count(*) FILTER (WHERE delay >= $late_hours * 3600) AS late,
       median(delay) AS median_delay, max(delay) AS longest_delay
FROM delays
GROUP BY bucket, date_trunc('day', request_time)
ORDER BY bucket, day
