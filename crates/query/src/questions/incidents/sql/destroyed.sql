-- Objects that were deleted, expired or overwritten, with the last time that they were written before.
WITH touched AS (
  SELECT bucket, object, CASE WHEN action = 'write' THEN 'overwritten' WHEN action = 'expire' THEN 'expired' WHEN version_id IS NOT NULL THEN 'version deleted' ELSE 'deleted' END AS what,
         count(DISTINCT record) AS requests, count(DISTINCT version_id) AS versions, max(object_size) AS object_size, min(request_time) AS first_time, max(request_time) AS last_time,
         min(requester) AS requester, min(remote_ip) AS remote_ip, min(key) AS key
  FROM incident_requests WHERE action IN ('write', 'delete', 'expire') AND object IS NOT NULL GROUP BY 1, 2, 3
),
history AS (
  SELECT t.bucket, t.object, t.what, max(CASE WHEN r.action = 'write' AND r.request_time < t.first_time THEN r.request_time END) AS last_written_before,
         bool_or(r.request_time <= t.first_time AND (r.action = 'read' OR r.action IN ('write', 'inspect') AND r.request_time < t.first_time)) AS existed
  FROM touched t JOIN requests r ON r.bucket = t.bucket AND r.object = t.object GROUP BY 1, 2, 3
)
SELECT t.bucket, t.object AS object_key, t.what, t.requests, t.versions, t.object_size, t.first_time, t.last_time, h.last_written_before, t.requester, t.remote_ip, t.key
FROM touched t LEFT JOIN history h ON h.bucket = t.bucket AND h.object = t.object AND h.what = t.what
WHERE t.what <> 'overwritten' OR h.existed
ORDER BY t.first_time, t.bucket, object_key
