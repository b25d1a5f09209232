-- Amazon S3 User Guide, "Using Amazon S3 server access logs to identify requests"
SELECT coalesce(SUM(bytessent), 0) AS bytessenttotal
FROM s3_access_logs_db.mybucket_logs
WHERE remoteip='198.51.100.201'
AND parse_datetime(requestdatetime,'dd/MMM/yyyy:HH:mm:ss Z')
BETWEEN parse_datetime('2026-03-01','yyyy-MM-dd')
AND parse_datetime('2026-04-01','yyyy-MM-dd');
