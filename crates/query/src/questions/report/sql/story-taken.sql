/* Objects that were read, or copied to buckets without logs here, in incidents, at most 150 of each, the largest first; and all of them by the first two levels of their names. */
WITH reads AS (
  SELECT incident, bucket, object, record, is_copy, destination, max(bytes_sent) AS bytes_sent, max(object_size) AS object_size,
         min(request_time) AS request_time, min(requester) AS requester, min(remote_ip) AS remote_ip
  FROM incident_deeds
  WHERE kind IN ('taken', 'collected', 'copied_out') AND object IS NOT NULL
  GROUP BY 1, 2, 3, 4, 5, 6
),
objects AS (
  SELECT incident, bucket, object, count(*) AS reads, max(object_size) AS object_size,
         CAST(CASE WHEN bool_or(is_copy) THEN max(object_size) ELSE sum(bytes_sent) END AS BIGINT) AS bytes,
         CASE WHEN bool_or(is_copy) THEN 'copied' WHEN max(object_size) IS NULL THEN 'unknown'
              WHEN sum(bytes_sent) >= max(object_size) THEN 'whole' ELSE 'partial' END AS extent,
         max(destination) AS copied_to_bucket, min(request_time) AS first_seen, max(request_time) AS last_seen,
         count(DISTINCT remote_ip) AS addresses, min(requester) AS requester, min(remote_ip) AS remote_ip
  FROM reads
  GROUP BY 1, 2, 3
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY incident ORDER BY bytes DESC NULLS LAST, bucket, object) AS place,
         CASE WHEN strpos(object, '/') = 0 THEN NULL
              WHEN split_part(object, '/', 3) = '' THEN concat(split_part(object, '/', 1), '/')
              ELSE concat(split_part(object, '/', 1), '/', split_part(object, '/', 2), '/') END AS key_prefix
  FROM objects
)
SELECT 'object' AS part, incident, bucket, object AS object_key, reads, object_size, bytes, extent, copied_to_bucket, first_seen, last_seen, addresses, requester, remote_ip
FROM ranked
WHERE place <= 150
UNION ALL
SELECT 'prefix', incident, bucket, key_prefix, count(*), NULL, CAST(sum(bytes) AS BIGINT), NULL, NULL, min(first_seen), max(last_seen), NULL, NULL, NULL
FROM ranked
GROUP BY incident, bucket, key_prefix
ORDER BY part, incident, bytes DESC NULLS LAST, bucket, object_key
LIMIT 10000
