-- Amazon S3 User Guide, "Using Amazon S3 server access logs to identify requests"
-- Finds nothing, as in Athena: the table has - for no requester. See anonymous.sql.
SELECT bucket_name, requester, remoteip, key, httpstatus, errorcode, requestdatetime
FROM s3_access_logs_db.mybucket_logs
WHERE requester IS NULL
AND parse_datetime(requestdatetime,'dd/MMM/yyyy:HH:mm:ss Z')
BETWEEN parse_datetime('2026-03-04:00:42:42','yyyy-MM-dd:HH:mm:ss')
AND parse_datetime('2026-03-05:00:42:42','yyyy-MM-dd:HH:mm:ss')
