/* Objects that were deleted, expired or overwritten in incidents, at most 150 of each; and all of them by the first two levels of their names. */
WITH touched AS (
  SELECT incident, bucket, object,
         CASE kind WHEN 'written' THEN 'overwritten' WHEN 'version_deleted' THEN 'version deleted' ELSE kind END AS what,
         count(DISTINCT record) AS requests, count(DISTINCT version_id) AS versions, max(object_size) AS object_size,
         min(request_time) AS first_seen, max(request_time) AS last_seen, min(requester) AS requester, min(remote_ip) AS remote_ip
  FROM incident_deeds
  WHERE kind IN ('written', 'deleted', 'version_deleted', 'expired') AND object IS NOT NULL
  GROUP BY 1, 2, 3, 4
),
history AS (
  SELECT t.incident, t.bucket, t.object, t.what,
         max(CASE WHEN r.action = 'write' AND r.request_time < t.first_seen THEN r.request_time END) AS written_before,
         bool_or(r.request_time <= t.first_seen AND (r.action = 'read' OR r.action IN ('write', 'inspect') AND r.request_time < t.first_seen)) AS existed
  FROM touched t JOIN requests r ON r.bucket = t.bucket AND r.object = t.object
  GROUP BY 1, 2, 3, 4
),
ranked AS (
  SELECT t.*, h.written_before,
         row_number() OVER (PARTITION BY t.incident ORDER BY t.first_seen, t.bucket, t.object, t.what) AS place,
         CASE WHEN strpos(t.object, '/') = 0 THEN NULL
              WHEN split_part(t.object, '/', 3) = '' THEN concat(split_part(t.object, '/', 1), '/')
              ELSE concat(split_part(t.object, '/', 1), '/', split_part(t.object, '/', 2), '/') END AS key_prefix
  FROM touched t LEFT JOIN history h ON h.incident = t.incident AND h.bucket = t.bucket AND h.object = t.object AND h.what = t.what
  WHERE t.what <> 'overwritten' OR h.existed
)
SELECT 'object' AS part, incident, bucket, object AS object_key, what, requests, versions, object_size, first_seen, last_seen, written_before, requester, remote_ip
FROM ranked
WHERE place <= 150
UNION ALL
SELECT 'prefix', incident, bucket, key_prefix, what, count(*), CAST(sum(versions) AS BIGINT), CAST(sum(object_size) AS BIGINT), min(first_seen), max(last_seen), NULL, NULL, NULL
FROM ranked
GROUP BY incident, bucket, key_prefix, what
ORDER BY part, incident, first_seen, bucket, object_key
LIMIT 10000
