-- Amazon S3 User Guide, "Using Amazon S3 server access logs to identify requests"
SELECT requester, sigv, Count(sigv) as sigcount
FROM s3_access_logs_db.mybucket_logs
GROUP BY requester, sigv;
