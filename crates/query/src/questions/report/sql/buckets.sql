/* One row for all buckets, then one per bucket. */
SELECT CASE WHEN grouping(bucket) = 1 THEN 'all' ELSE 'bucket' END AS part,
       bucket,
       count(*) AS requests,
       count(*) FILTER (WHERE http_status >= 400) AS failed,
       sum(possible_size(bytes_sent)) AS bytes_sent,
       count(DISTINCT requester) AS requesters,
       count(DISTINCT remote_ip) AS addresses,
       count(*) FILTER (WHERE is_anonymous(requester)) AS anonymous,
       count(*) FILTER (WHERE anomaly IS NOT NULL) AS anomalies,
       min(request_time) AS first_seen,
       max(request_time) AS last_seen
FROM logs
GROUP BY GROUPING SETS ((), (bucket))
ORDER BY grouping(bucket) DESC, requests DESC, bucket
LIMIT 101
