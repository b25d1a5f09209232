-- Settings that were changed, and objects that were written.
SELECT request_time, bucket, operation, object AS object_key, version_id, http_status, requester, remote_ip, user_agent, request_id, key, log_file, log_line
FROM incident_requests
WHERE action IN ('settings_change', 'access_change', 'bucket_create', 'bucket_delete', 'write', 'tag')
ORDER BY request_time, log_file, log_line
