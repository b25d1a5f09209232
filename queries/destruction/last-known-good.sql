-- title: Recovery points for deleted or overwritten objects
-- question: When was each deleted or overwritten object last written and last read successfully before the incident?
-- pack: destruction
-- kind: report
-- severity: info
-- attack: T1485
-- parameter: incident_at timestamp 1970-01-01T00:00:00Z — start of the incident
-- parameter: who text % — LIKE pattern of the requester who destroyed the objects; use `anonymous` for anonymous callers
-- column: bucket — the bucket
-- column: name — the decoded key
-- column: destroyed_by — who
-- column: destroyed_at — when
-- column: style — delete marker or permanently deleted version
-- column: last_write — last write before the incident
-- column: last_read — last successful read before the incident
-- false positives: Writes before the logs start are unknown; a purge may have removed only old versions.
-- source: saltmine

WITH rows_by_name AS (
  SELECT bucket, object_key(key, operation) AS name, action(operation, http_status) AS action, request_time, requester, version_id
  FROM logs
  WHERE key IS NOT NULL
    AND action(operation, http_status) IN ('read', 'write', 'delete', 'expire')
)
SELECT bucket, name,
       first_value(requester ORDER BY request_time, requester) FILTER (WHERE destructive) AS destroyed_by,
       min(request_time) FILTER (WHERE destructive) AS destroyed_at,
       CASE WHEN bool_or(destructive AND action = 'delete' AND version_id IS NOT NULL) THEN 'version deleted'
            WHEN bool_or(destructive AND action = 'expire') THEN 'expired by a lifecycle rule'
            WHEN bool_or(destructive AND action = 'delete') THEN 'delete marker, or deleted without versioning'
            ELSE 'overwritten' END AS style,
       max(request_time) FILTER (WHERE request_time < $incident_at AND action = 'write') AS last_write,
       max(request_time) FILTER (WHERE request_time < $incident_at AND action = 'read') AS last_read
FROM (SELECT *, action <> 'read' AND request_time >= $incident_at AS destructive FROM rows_by_name)
WHERE NOT destructive OR coalesce(requester, 'anonymous') LIKE $who
GROUP BY bucket, name
HAVING bool_or(destructive)
ORDER BY destroyed_at, bucket, name
