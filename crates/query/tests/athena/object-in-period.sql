-- Amazon S3 User Guide, "Using Amazon S3 server access logs to identify requests"
SELECT *
FROM s3_access_logs_db.mybucket_logs
WHERE Key='index.html'
AND parse_datetime(requestdatetime,'dd/MMM/yyyy:HH:mm:ss Z')
BETWEEN parse_datetime('2026-03-03:07:00:00','yyyy-MM-dd:HH:mm:ss')
AND parse_datetime('2026-03-04:08:00:00','yyyy-MM-dd:HH:mm:ss');
