-- AWS Prescriptive Guidance, presigned URLs, "Identifying requests"
SELECT * FROM s3_access_logs_db.mybucket_logs WHERE
  authtype = 'QueryString' AND
  request_uri LIKE '%X-Amz-Expires=%';
