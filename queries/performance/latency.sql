-- title: Percentiles of latency
-- question: How long do requests take, within S3 and on the way?
-- pack: performance
-- kind: report
-- severity: info
-- parameter: min_requests integer 100 — requests from which an operation is shown
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: total_p50 — milliseconds
-- column: total_p95 — milliseconds
-- column: total_p99 — milliseconds
-- column: s3_p50 — milliseconds of turn-around
-- column: s3_p99 — milliseconds of turn-around
-- column: transfer_p99 — milliseconds beyond turn-around
-- false positives: Totals of uploads hold the client's sending.
-- source: AWS storage blog on performance in these logs

-- Exact percentiles, which keep all values of a group: the same answer each time.
SELECT bucket, operation,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       round(percentile_cont(total_time, 0.50), 1) AS total_p50, round(percentile_cont(total_time, 0.95), 1) AS total_p95,
       round(percentile_cont(total_time, 0.99), 1) AS total_p99,
       round(percentile_cont(turn_around_time, 0.50), 1) AS s3_p50, round(percentile_cont(turn_around_time, 0.99), 1) AS s3_p99,
       round(percentile_cont(total_time - turn_around_time, 0.99), 1) AS transfer_p99
FROM logs
WHERE total_time IS NOT NULL AND http_status BETWEEN 200 AND 299
GROUP BY bucket, operation
HAVING count(*) >= $min_requests
ORDER BY total_p99 DESC, bucket, operation
