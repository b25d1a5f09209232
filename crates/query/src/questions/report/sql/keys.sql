/* The 60 with the most requests, and the 60 with the most bytes. */
-- The keys are selected first: computing all columns for every key takes more memory, and ranking all keys means sorting them.
WITH largest AS (
  (SELECT bucket, object_key(key, operation) AS name FROM logs WHERE key IS NOT NULL
   GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT 60)
  UNION
  (SELECT bucket, object_key(key, operation) AS name FROM logs WHERE key IS NOT NULL
   GROUP BY 1, 2 ORDER BY sum(possible_size(bytes_sent)) DESC NULLS LAST, 1, 2 LIMIT 60)
)
SELECT l.bucket, m.name AS key,
       count(*) AS requests,
       count(*) FILTER (WHERE is_read(operation, http_status)) AS reads,
       count(*) FILTER (WHERE is_write(operation, http_status)) AS writes,
       count(*) FILTER (WHERE is_delete(operation, http_status)) AS deletes,
       count(*) FILTER (WHERE http_status >= 400) AS failed,
       sum(possible_size(bytes_sent)) AS bytes_sent,
       min(request_time) AS first_seen, max(request_time) AS last_seen
FROM largest m JOIN logs l ON l.bucket = m.bucket AND object_key(l.key, l.operation) = m.name
GROUP BY 1, 2
ORDER BY requests DESC, bucket, key
