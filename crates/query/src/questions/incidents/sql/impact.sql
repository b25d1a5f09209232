-- The fate of objects that were overwritten, deleted or expired: whether they existed before, whether requests by others have failed since, and whether they were read again.
WITH touched AS (
  SELECT scope / 1024 AS incident, CASE WHEN action = 'write' THEN 'overwritten' ELSE 'destroyed' END AS kind, bucket, object,
         min(request_time) AS since, max(request_time) AS until, max(CASE WHEN action = 'write' THEN object_size END) AS bytes
  FROM incident_requests WHERE action IN ('write', 'delete', 'expire') AND object IS NOT NULL GROUP BY 1, 2, 3, 4
),
actors AS (SELECT DISTINCT scope / 1024 AS incident, principal FROM incident_requests),
seen AS (
  SELECT t.incident, t.kind, t.bucket, t.object, max(t.bytes) AS bytes,
         bool_or(r.action IN ('read', 'write', 'inspect') AND r.request_time <= t.since AND (r.request_time < t.since OR r.action = 'read')) AS existed,
         count(DISTINCT CASE WHEN r.action IS NULL AND r.http_status >= 400 AND r.request_time > t.since AND a.principal IS NULL THEN r.record END) AS failures,
         count(DISTINCT CASE WHEN r.action = 'read' AND r.request_time > t.since AND a.principal IS NULL THEN r.record END) AS reads_after,
         bool_or(r.action = 'write' AND r.request_time > t.until AND a.principal IS NULL) AS is_restored,
         min(CASE WHEN r.action IS NULL AND r.http_status >= 400 AND r.request_time > t.since AND a.principal IS NULL THEN r.request_time END) AS failed_first,
         max(CASE WHEN r.action IS NULL AND r.http_status >= 400 AND r.request_time > t.since AND a.principal IS NULL THEN r.request_time END) AS failed_last,
         array_distinct(array_agg(CASE WHEN r.action IS NULL AND r.http_status >= 400 AND r.request_time > t.since AND a.principal IS NULL THEN r.principal END)) AS failed_for,
         array_distinct(array_agg(CASE WHEN r.action IS NULL AND r.http_status >= 400 AND r.request_time > t.since AND a.principal IS NULL THEN r.error_code END)) AS error_codes
  FROM touched t JOIN requests r ON r.bucket = t.bucket AND r.object = t.object
  LEFT JOIN actors a ON a.incident = t.incident AND a.principal = r.principal
  GROUP BY 1, 2, 3, 4
)
SELECT incident, kind, count(*) AS objects, count(*) FILTER (WHERE existed) AS existed, CAST(sum(CASE WHEN existed THEN bytes END) AS BIGINT) AS bytes,
       count(*) FILTER (WHERE failures > 0) AS failing, CAST(sum(failures) AS BIGINT) AS failures, CAST(sum(reads_after) AS BIGINT) AS reads_after,
       count(*) FILTER (WHERE is_restored) AS restored, min(failed_first) AS failed_first, max(failed_last) AS failed_last,
       array_slice(array_sort(array_distinct(flatten(array_agg(failed_for)))), 1, 6) AS failed_for,
       array_slice(array_sort(array_distinct(flatten(array_agg(error_codes)))), 1, 6) AS error_codes
FROM seen GROUP BY 1, 2 ORDER BY 1, 2
