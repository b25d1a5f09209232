-- title: Request latency percentiles
-- question: How long do requests take, within S3 and in transfer?
-- pack: performance
-- kind: report
-- severity: info
-- parameter: min_requests integer 100 — minimum requests per operation
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: events — matching requests
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: total_p50 — total time in milliseconds
-- column: total_p95 — total time in milliseconds
-- column: total_p99 — total time in milliseconds
-- column: s3_p50 — turn-around time in milliseconds
-- column: s3_p99 — turn-around time in milliseconds
-- column: transfer_p99 — transfer time beyond turn-around, in milliseconds
-- false positives: The total time of an upload includes the client's sending time.
-- source: AWS storage blog on performance in these logs

-- Exact percentiles: they keep all values of a group, so the result is reproducible.
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
