-- Amazon S3 User Guide, "Using Amazon S3 server access logs to identify requests"
-- As published, a quote is missing before the first yyyy; it is added here.
SELECT bucket_name, requester, remoteip, key, httpstatus, errorcode, requestdatetime
FROM s3_access_logs_db.mybucket_logs
WHERE operation='REST.PUT.OBJECT'
AND parse_datetime(requestdatetime,'dd/MMM/yyyy:HH:mm:ss Z')
BETWEEN parse_datetime('2026-03-04:00:42:42','yyyy-MM-dd:HH:mm:ss')
AND parse_datetime('2026-03-05:00:42:42','yyyy-MM-dd:HH:mm:ss')
