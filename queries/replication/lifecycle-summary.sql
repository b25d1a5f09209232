-- title: Lifecycle activity
-- question: What did lifecycle rules do in each period?
-- pack: replication
-- kind: report
-- severity: info
-- attack: T1485.001
-- parameter: by text day — hour, day, week or month
-- column: bucket — the bucket
-- column: period — start of the hour, day, week or month
-- column: operation — operation as logged
-- column: events — matching requests
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: keys — distinct keys
-- column: bytes — bytes sent, or object size if nothing was sent
-- false positives: Informational only.
-- source: AWS documentation on lifecycle and logging

SELECT bucket, date_trunc($by, request_time) AS period, operation,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, sum(possible_size(object_size)) AS bytes
FROM logs
WHERE operation IN ('S3.EXPIRE.OBJECT', 'S3.CREATE.DELETEMARKER', 'S3.DELETE.UPLOAD', 'S3.RESTORE.OBJECT', 'REST.POST.RESTORE')
   OR operation LIKE 'S3.TRANSITION%'
GROUP BY bucket, date_trunc($by, request_time), operation
ORDER BY bucket, period, operation
