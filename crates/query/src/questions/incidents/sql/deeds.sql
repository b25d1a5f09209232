-- What was done in each bucket. A record that was delivered twice counts once; of a copy in parts, the object counts once.
WITH ours AS (SELECT DISTINCT bucket FROM profile_activity),
named AS (
  SELECT i.scope, i.bucket, i.object, i.record, i.request_time, i.operation, i.version_id,
         CASE WHEN i.operation LIKE 'REST.COPY.%_GET' AND i.destination IS NOT NULL AND o.bucket IS NULL THEN i.destination END AS destination,
         CASE WHEN i.action IN ('read', 'write', 'delete', 'expire') THEN CASE WHEN i.action = 'read' AND i.operation NOT LIKE 'REST.COPY.%' THEN i.bytes_sent ELSE i.object_size END END AS bytes,
         i.operation LIKE 'REST.COPY.%' AS is_copy,
         CASE WHEN i.action IS NULL AND i.http_status IN (401, 403) THEN 'refused'
              WHEN i.action IS NULL AND i.http_status = 404 THEN 'missing'
              WHEN i.action IS NULL AND i.http_status >= 400 THEN 'failed'
              WHEN i.action IS NULL OR i.action IN ('write_part', 'service', 'tag', 'restore') THEN 'other'
              WHEN i.action IN ('list', 'inspect') THEN 'listed'
              WHEN i.action = 'read' AND i.operation LIKE 'REST.COPY.%' AND i.destination IS NOT NULL AND o.bucket IS NULL THEN 'copied_out'
              WHEN i.action = 'read' AND i.operation LIKE 'REST.COPY.%' THEN 'copied'
              WHEN i.action = 'read' AND (i.origin = 'private' OR i.origin LIKE 'aws %') THEN 'collected'
              WHEN i.action = 'read' THEN 'taken'
              WHEN i.action = 'write' THEN 'written'
              WHEN i.action = 'delete' AND i.version_id IS NOT NULL THEN 'version_deleted'
              WHEN i.action = 'delete' THEN 'deleted'
              WHEN i.action = 'expire' THEN 'expired'
              WHEN i.action IN ('settings_change', 'access_change') AND i.operation LIKE '%LOGGING%' THEN 'logging_changed'
              WHEN i.action = 'access_change' OR i.operation LIKE '%PUBLIC_ACCESS%' OR i.operation LIKE '%POLICY%' OR i.operation LIKE '%.ACL' OR i.operation LIKE '%CORS%' OR i.operation LIKE '%WEBSITE%' OR i.operation LIKE '%OWNERSHIP%' THEN
                   CASE WHEN i.action = 'settings_read' THEN 'settings_read' ELSE 'access_changed' END
              WHEN i.action = 'settings_change' THEN 'protection_changed'
              ELSE i.action END AS kind
  FROM incident_requests i LEFT JOIN ours o ON o.bucket = i.destination
),
records AS (
  SELECT scope / 1024 AS incident, kind, bucket, object, destination, record, min(request_time) AS first_seen, max(request_time) AS last_seen,
         min(operation) AS operation, min(version_id) AS version_id, max(bytes) AS bytes, bool_or(is_copy) AS is_copy
  FROM named GROUP BY 1, 2, 3, 4, 5, 6
),
objects AS (
  SELECT incident, kind, bucket, object, destination, count(*) AS requests, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
         CASE WHEN bool_or(is_copy) THEN max(bytes) ELSE sum(bytes) END AS bytes, count(version_id) AS versions,
         array_distinct(array_agg(operation)) AS operations
  FROM records GROUP BY 1, 2, 3, 4, 5
)
SELECT incident, kind, bucket, destination, CAST(sum(requests) AS BIGINT) AS requests, count(object) AS objects, coalesce(CAST(sum(bytes) AS BIGINT), 0) AS bytes,
       CAST(sum(versions) AS BIGINT) AS versions, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
       array_sort(array_distinct(flatten(array_agg(operations)))) AS operations
FROM objects GROUP BY 1, 2, 3, 4 ORDER BY incident, first_seen, kind, bucket
