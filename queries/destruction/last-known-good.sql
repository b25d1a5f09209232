-- title: What to restore: last write and read of each destroyed key
-- question: For recovery: when was each deleted or rewritten key last written and last read well before the incident?
-- pack: destruction
-- kind: report
-- severity: info
-- attack: T1485
-- parameter: incident_at timestamp 1970-01-01T00:00:00Z — begin of the incident
-- column: bucket — the bucket
-- column: name — the decoded key
-- column: destroyed_by — who
-- column: destroyed_at — when
-- column: style — whether a marker hides the object or a version is gone
-- column: last_write — last write before the incident
-- column: last_read — last good read before the incident
-- false positives: Writes from before the logs are not seen; a purge may have hit old versions only.
-- source: Own

WITH rows_by_name AS (
  SELECT bucket, object_key(key, operation) AS name, operation, request_time, requester, version_id
  FROM logs
  WHERE key IS NOT NULL AND http_status BETWEEN 200 AND 299
    AND operation IN ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT', 'REST.COPY.OBJECT', 'REST.PUT.OBJECT',
                      'REST.POST.UPLOAD', 'REST.GET.OBJECT')
)
SELECT bucket, name,
       first_value(requester ORDER BY request_time, requester) FILTER (WHERE destructive) AS destroyed_by,
       min(request_time) FILTER (WHERE destructive) AS destroyed_at,
       CASE WHEN bool_or(destructive AND operation LIKE '%DELETE%' AND version_id IS NOT NULL) THEN 'version deleted'
            WHEN bool_or(destructive AND operation LIKE '%DELETE%') THEN 'delete marker, or deleted without versioning'
            ELSE 'written over' END AS style,
       max(request_time) FILTER (WHERE request_time < $incident_at AND operation NOT LIKE '%DELETE%' AND operation <> 'REST.GET.OBJECT') AS last_write,
       max(request_time) FILTER (WHERE request_time < $incident_at AND operation = 'REST.GET.OBJECT') AS last_read
FROM (SELECT *, operation <> 'REST.GET.OBJECT' AND request_time >= $incident_at AS destructive FROM rows_by_name)
GROUP BY bucket, name
HAVING bool_or(destructive)
ORDER BY destroyed_at, bucket, name
