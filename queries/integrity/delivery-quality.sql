-- title: Duplicate and late log records
-- question: How many records were delivered twice, and how late?
-- pack: integrity
-- kind: report
-- severity: info
-- parameter: late_hours integer 6 — hours after which a delivery counts as late
-- column: bucket — the bucket
-- column: day — UTC day
-- column: events — matching requests
-- column: copies — duplicate records
-- column: late — records delivered late
-- column: median_delay — seconds between the request and the time in the file name
-- column: longest_delay — longest delay in seconds
-- false positives: Files whose names have no time show no delay. Rows of a multi-object delete share a request id, so duplicates are compared by key and version too.
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
