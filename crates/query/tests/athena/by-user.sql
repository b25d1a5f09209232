-- Amazon S3 User Guide, "Using Amazon S3 server access logs to identify requests"
SELECT *
FROM s3_access_logs_db.mybucket_logs
WHERE requester='arn:aws:iam::111122223333:user/emre.meyer3';
