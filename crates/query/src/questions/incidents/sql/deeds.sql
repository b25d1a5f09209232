-- Activity in each bucket. A record that was delivered twice counts once; a multipart copy counts as one object.
WITH records AS (
  SELECT incident, kind, bucket, object, destination, record, min(request_time) AS first_seen, max(request_time) AS last_seen,
         min(operation) AS operation, min(version_id) AS version_id, max(bytes) AS bytes, bool_or(is_copy) AS is_copy
  FROM incident_deeds GROUP BY 1, 2, 3, 4, 5, 6
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
