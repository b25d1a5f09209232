-- title: What lifecycle rules did
-- question: What did lifecycle rules do, day by day?
-- pack: replication
-- kind: report
-- severity: info
-- attack: T1485.001
-- parameter: by text day — hour, day, week or month
-- column: bucket — the bucket
-- column: period — begin of the hour, day, week or month
-- column: operation — operation as logged
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: bytes — bytes sent, or of objects where nothing is sent
-- false positives: None.
-- source: AWS documentation on lifecycle and logging

SELECT bucket, date_trunc($by, request_time) AS period, operation,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, sum(object_size) AS bytes
FROM logs
WHERE operation IN ('S3.EXPIRE.OBJECT', 'S3.CREATE.DELETEMARKER', 'S3.DELETE.UPLOAD', 'S3.RESTORE.OBJECT', 'REST.POST.RESTORE')
   OR operation LIKE 'S3.TRANSITION%'
GROUP BY bucket, date_trunc($by, request_time), operation
ORDER BY bucket, period, operation
