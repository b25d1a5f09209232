/* Requests without credentials, or with a presigned URL. */
SELECT CASE WHEN is_anonymous(requester) THEN 'anonymous' ELSE 'presigned' END AS access,
       bucket, operation, requester,
       count(*) AS requests,
       count(*) FILTER (WHERE http_status < 400) AS allowed,
       count(*) FILTER (WHERE http_status = 403) AS denied,
       sum(possible_size(bytes_sent)) AS bytes_sent,
       count(DISTINCT remote_ip) AS addresses,
       min(request_time) AS first_seen, max(request_time) AS last_seen
FROM logs
WHERE remote_ip IS NOT NULL AND (is_anonymous(requester) OR authentication_type = 'QueryString')
GROUP BY 1, 2, 3, 4
ORDER BY allowed DESC, requests DESC, access, bucket, operation, requester
LIMIT 150
