-- title: Prefixes that nobody reads
-- question: Which prefixes of an inventory were never read while the logs run?
-- pack: cost
-- kind: report
-- severity: info
-- parameter: depth integer 1 — parts of the key that make the prefix
-- parameter: min_age_days integer 30 — days since the newest object changed, counted from the end of the logs
-- table: inventory — bucket, key (decoded), size, last_modified_date, as in an S3 Inventory; give it with --table inventory=FILE
-- column: bucket — the bucket
-- column: prefix — first parts of the key
-- column: objects — how many objects
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: newest — latest change of an object
-- false positives: These logs are best effort: never delete on this alone.
-- source: Reports on finding unused data at scale

WITH seen AS (
  SELECT DISTINCT bucket,
         array_to_string(array_slice(string_to_array(object_key(key, operation), '/'), 1, $depth), '/') AS prefix
  FROM logs
  -- Copies read too, whatever status the row of their source has.
  WHERE action(operation, http_status) IN ('read', 'inspect')
),
stored AS (
  SELECT bucket, array_to_string(array_slice(string_to_array(key, '/'), 1, $depth), '/') AS prefix,
         count(*) AS objects, sum(size) AS bytes, max(CAST(last_modified_date AS TIMESTAMP)) AS newest
  FROM inventory
  GROUP BY 1, 2
),
ending AS (SELECT max(request_time) AS last FROM logs)
SELECT i.bucket, i.prefix, i.objects, i.bytes, i.newest
FROM stored i LEFT JOIN seen s ON s.bucket = i.bucket AND s.prefix = i.prefix CROSS JOIN ending e
WHERE s.prefix IS NULL AND date_part('epoch', i.newest) <= date_part('epoch', e.last) - $min_age_days * 86400
ORDER BY i.bytes DESC, i.bucket, i.prefix
