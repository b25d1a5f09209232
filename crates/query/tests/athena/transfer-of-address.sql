-- Amazon S3 User Guide of 2021, "Using Amazon S3 access logs to identify requests"
SELECT SUM(bytessent) AS uploadTotal,
      SUM(objectsize) AS downloadTotal,
      SUM(bytessent + objectsize) AS Total
FROM s3_access_logs_db.mybucket_logs
WHERE RemoteIP='198.51.100.201'
AND parse_datetime(RequestDateTime,'dd/MMM/yyyy:HH:mm:ss Z')
BETWEEN parse_datetime('2026-03-01','yyyy-MM-dd')
AND parse_datetime('2026-04-01','yyyy-MM-dd');
