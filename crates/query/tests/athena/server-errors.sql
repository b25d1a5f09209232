-- Amazon S3 User Guide, "Using Amazon S3 server access logs to identify requests"
SELECT requestdatetime, key, httpstatus, errorcode, requestid, hostid
FROM s3_access_logs_db.mybucket_logs
WHERE httpstatus like '5%' AND timestamp
BETWEEN '2026/03/05'
AND '2026/03/06'
