/* What each actor of an incident did in it, and what the twelve busiest other principals did in all of the logs. New: not done by this principal on any earlier day. */
WITH did AS (
  SELECT principal, 'listed' AS what, day, lists AS requests, CAST(0 AS BIGINT) AS bytes FROM profile_activity WHERE lists > 0
  UNION ALL SELECT principal, 'settings_read', day, settings_read, 0 FROM profile_activity WHERE settings_read > 0
  UNION ALL SELECT principal, 'read', day, reads, CAST(coalesce(bytes_read, 0) AS BIGINT) FROM profile_activity WHERE reads > 0
  UNION ALL SELECT principal, 'written', day, writes, 0 FROM profile_activity WHERE writes > 0
  UNION ALL SELECT principal, 'deleted', day, deletes + expiries, 0 FROM profile_activity WHERE deletes + expiries > 0
  UNION ALL SELECT principal, 'settings_changed', day, settings_changed, 0 FROM profile_activity WHERE settings_changed > 0
  UNION ALL SELECT principal, 'refused', day, denied, 0 FROM profile_activity WHERE denied > 0
),
history AS (
  SELECT principal, what, min(day) AS since, CAST(sum(requests) AS BIGINT) AS requests, CAST(sum(bytes) AS BIGINT) AS bytes FROM did GROUP BY 1, 2
),
known AS (SELECT principal, min(day) AS since, CAST(sum(requests) AS BIGINT) AS requests FROM profile_activity GROUP BY 1),
busiest AS (
  SELECT k.principal, k.since, k.requests
  FROM known k LEFT JOIN (SELECT DISTINCT principal FROM incident_requests) i ON i.principal = k.principal
  WHERE i.principal IS NULL
  ORDER BY k.requests DESC, k.principal
  LIMIT 12
),
acted AS (
  SELECT incident, actor, principal,
         CASE WHEN kind IN ('taken', 'collected', 'copied', 'copied_out') THEN 'read'
              WHEN kind IN ('deleted', 'version_deleted', 'expired') THEN 'deleted'
              WHEN kind IN ('access_changed', 'logging_changed', 'protection_changed', 'bucket_create', 'bucket_delete') THEN 'settings_changed'
              ELSE kind END AS what,
         count(DISTINCT record) AS requests, CAST(sum(bytes) AS BIGINT) AS bytes, min(request_time) AS first_seen
  FROM incident_deeds
  WHERE kind NOT IN ('other', 'failed', 'missing', 'read_as_usual')
  GROUP BY 1, 2, 3, 4
)
SELECT a.incident, a.actor, min(a.principal) AS principal, a.what, CAST(sum(a.requests) AS BIGINT) AS requests, CAST(sum(a.bytes) AS BIGINT) AS bytes,
       CASE WHEN bool_and(h.since >= date_trunc('day', a.first_seen)) THEN 1 ELSE 0 END AS is_new, CAST(sum(a.requests) AS BIGINT) AS of_all
FROM acted a LEFT JOIN history h ON h.principal = a.principal AND h.what = a.what
GROUP BY 1, 2, 4
UNION ALL
SELECT NULL, NULL, h.principal, h.what, h.requests, h.bytes, CASE WHEN h.since >= b.since + INTERVAL '2 days' THEN 1 ELSE 0 END, b.requests
FROM history h JOIN busiest b ON b.principal = h.principal
ORDER BY incident NULLS LAST, actor, of_all DESC, principal, what
LIMIT 5000
