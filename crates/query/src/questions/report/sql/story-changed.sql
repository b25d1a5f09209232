/* Settings that were changed in incidents, at most 200 of each, in the order of time. */
SELECT incident, request_time, kind, operation, bucket, requester, remote_ip, http_status, log_file, log_line, of_all
FROM (
  SELECT *, row_number() OVER (PARTITION BY incident ORDER BY request_time, log_file, log_line) AS place, count(*) OVER (PARTITION BY incident) AS of_all
  FROM incident_deeds
  WHERE kind IN ('access_changed', 'logging_changed', 'protection_changed', 'bucket_create', 'bucket_delete')
)
WHERE place <= 200
ORDER BY request_time, log_file, log_line
LIMIT 5000
