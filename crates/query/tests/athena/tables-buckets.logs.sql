SELECT 'arn:aws:s3:::' || bucket AS bucket_arn, count(*) AS requests, sum(bytes_sent) AS bytes_out
FROM logs GROUP BY bucket
