/* Changes to bucket settings; those of single objects are left out. */
SELECT request_time, bucket, operation, requester, remote_ip, user_agent, http_status, error_code, log_file, log_line,
       count(*) OVER () AS of_all
FROM logs
WHERE key IS NULL
  AND (operation IN ('REST.PUT.BUCKET', 'REST.DELETE.BUCKET')
    OR regexp_like(operation, '^REST[.](PUT|POST|DELETE)[.](BUCKETPOLICY|ACL|PUBLIC_ACCESS_BLOCK|OWNERSHIP_CONTROLS|CORS|WEBSITE|LIFECYCLE|LOGGING_STATUS|LOGGING|VERSIONING|ENCRYPTION|OBJECT_LOCK.*|REPLICATION|NOTIFICATION|REQUEST_PAYMENT|ACCELERATE|INVENTORY|ANALYTICS|METRICS|INTELLIGENT_TIERING|TAGGING)$'))
ORDER BY request_time, log_file, log_line
LIMIT 200
