-- title: Prefixes that are never read
-- question: Which prefixes of an inventory were never read during the period of the logs?
-- pack: cost
-- kind: report
-- severity: info
-- parameter: depth integer 1 — number of key segments that form the prefix
-- parameter: min_age_days integer 30 — minimum days since the newest object changed, measured from the end of the logs
-- table: inventory — bucket, key (decoded), size, last_modified_date, as in S3 Inventory; load it with --table inventory=FILE
-- column: bucket — the bucket
-- column: prefix — first segments of the key
-- column: objects — number of objects
-- column: bytes — bytes sent, or object size if nothing was sent
-- column: newest — last modification of its newest object
-- false positives: Access logs are best effort: never delete data on this alone.
-- source: Reports on finding unused data at scale

WITH seen AS (
  SELECT DISTINCT bucket,
         array_to_string(array_slice(string_to_array(object_key(key, operation), '/'), 1, $depth), '/') AS prefix
  FROM logs
  -- Copies are reads too, whatever the status of their source row.
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
