/* The operations with the most timed requests; histograms in HdrHistogram's V2 encoding. */
SELECT operation,
       count(*) AS requests,
       min(total_time) AS least, max(total_time) AS greatest, avg(total_time) AS mean,
       hdr_histogram(total_time) AS total_time,
       hdr_histogram(turn_around_time) FILTER (WHERE turn_around_time >= 0) AS turn_around_time
FROM logs
WHERE total_time >= 0 AND operation IS NOT NULL
GROUP BY operation
ORDER BY requests DESC, operation
LIMIT 24
