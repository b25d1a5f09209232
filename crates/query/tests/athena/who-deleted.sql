-- Amazon S3 User Guide, "Using Amazon S3 server access logs to identify requests"
SELECT requestdatetime, remoteip, requester, key
FROM s3_access_logs_db.mybucket_logs
WHERE key = 'img/f6/original/d639101f-3ead-ea2b-5a50-596efcbad752.webp' AND operation like '%DELETE%';
