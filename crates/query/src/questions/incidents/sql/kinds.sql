-- The action, actor and bytes of each request of an incident.
WITH ours AS (SELECT DISTINCT bucket FROM profile_activity)
SELECT i.scope / 1024 AS incident, i.scope % 1024 AS actor, i.principal, i.requester, i.remote_ip, i.user_agent, i.http_status, i.request_id, i.log_file, i.log_line,
       i.bucket, i.object, i.record, i.request_time, i.operation, i.version_id, i.bytes_sent, i.object_size,
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
            WHEN h.object IS NOT NULL AND i.action = 'read' THEN 'read_as_usual'
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
LEFT JOIN incident_habits h ON h.scope = i.scope AND h.bucket = i.bucket AND h.origin = i.origin AND h.object = i.object
