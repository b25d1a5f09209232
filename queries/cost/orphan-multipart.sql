-- title: Incomplete multipart uploads
-- question: Which multipart uploads were started but neither completed nor aborted?
-- pack: cost
-- kind: report
-- severity: info
-- parameter: min_age interval 1 day — minimum age of the last part, measured from the end of the logs
-- column: bucket — the bucket
-- column: name — the decoded key
-- column: principal — who uploaded, independent of the session
-- column: upload_id — the upload
-- column: parts — parts uploaded
-- column: bytes — bytes sent, or object size if nothing was sent
-- column: last_activity — time of the last part
-- false positives: Uploads that continue after the logs end.
-- source: saltmine

WITH steps AS (
  SELECT bucket, principal(requester) AS principal, object_key(key, operation) AS name, operation, http_status, object_size, request_time,
         uri_param(request_uri, 'uploadId') AS upload_id
  FROM logs
  WHERE operation IN ('REST.PUT.PART', 'REST.COPY.PART', 'REST.POST.UPLOAD', 'REST.DELETE.UPLOAD')
),
uploads AS (
  SELECT bucket, name, upload_id, CASE WHEN count(DISTINCT principal) = 1 THEN min(principal) END AS principal,
         count(*) FILTER (WHERE operation LIKE '%.PART') AS parts,
         coalesce(sum(possible_size(object_size)) FILTER (WHERE operation LIKE '%.PART'), 0) AS bytes,
         bool_or((operation = 'REST.POST.UPLOAD' AND http_status = 200) OR operation = 'REST.DELETE.UPLOAD') AS ended,
         max(request_time) AS last_activity
  FROM steps
  WHERE upload_id IS NOT NULL
  GROUP BY bucket, name, upload_id
),
-- Lifecycle aborts have the key, but not the upload id.
aborted AS (SELECT DISTINCT bucket, object_key(key, operation) AS name FROM logs WHERE operation = 'S3.DELETE.UPLOAD'),
ending AS (SELECT max(request_time) AS last FROM logs)
SELECT u.bucket, u.name, u.principal, u.upload_id, u.parts, u.bytes, u.last_activity
FROM uploads u LEFT JOIN aborted a ON a.bucket = u.bucket AND a.name = u.name CROSS JOIN ending e
WHERE u.parts > 0 AND NOT u.ended AND a.name IS NULL AND u.last_activity <= e.last - CAST($min_age AS INTERVAL)
ORDER BY u.bytes DESC, u.bucket, u.name, u.upload_id
