-- All requests.
SELECT request_time, requester, principal, remote_ip, operation, bucket, object AS object_key, http_status, error_code, bytes_sent, object_size, user_agent, version_id,
       action, destination, authentication_type, host_header, request_uri, request_id, key, log_file, log_line
FROM incident_requests ORDER BY request_time, log_file, log_line
