/* The 60 with the most requests, and the 60 with the most bytes. */
WITH counted AS (
  SELECT bucket, CASE WHEN key LIKE '%/%' THEN split_part(key, '/', 1) || '/' ELSE '' END AS prefix,
         count(*) AS requests,
         count(*) FILTER (WHERE http_status >= 400) AS failed,
         sum(possible_size(bytes_sent)) AS bytes_sent,
         min(request_time) AS first_seen, max(request_time) AS last_seen
  FROM logs
  WHERE key IS NOT NULL
  GROUP BY 1, 2
),
ranked AS (
  SELECT *,
         row_number() OVER (ORDER BY requests DESC, bucket, prefix) AS by_requests,
         row_number() OVER (ORDER BY bytes_sent DESC NULLS LAST, bucket, prefix) AS by_bytes
  FROM counted
)
SELECT bucket, prefix, requests, failed, bytes_sent, first_seen, last_seen
FROM ranked
WHERE by_requests <= 60 OR by_bytes <= 60
ORDER BY requests DESC, bucket, prefix
