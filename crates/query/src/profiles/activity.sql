-- Activity of each principal per bucket, origin and day. One pass over the records; all other profiles are computed from it.
SELECT principal, bucket, CASE WHEN is_anonymous(requester) THEN NULL ELSE origin END AS origin, date_trunc('day', request_time) AS day,
       is_aws, count(*) AS requests,
       count(*) FILTER (WHERE action = 'read') AS reads,
       sum(CASE WHEN action = 'read' THEN CASE WHEN operation LIKE 'REST.COPY.%' THEN object_size ELSE bytes_sent END END) AS bytes_read,
       count(*) FILTER (WHERE action = 'write') AS writes,
       count(*) FILTER (WHERE action = 'delete') AS deletes,
       count(*) FILTER (WHERE action = 'list') AS lists,
       count(*) FILTER (WHERE action = 'expire') AS expiries,
       count(*) FILTER (WHERE action = 'settings_read') AS settings_read,
       count(*) FILTER (WHERE action IN ('settings_change', 'access_change', 'bucket_create', 'bucket_delete')) AS settings_changed,
       count(*) FILTER (WHERE http_status IN (401, 403)) AS denied,
       min(request_time) AS first_seen, max(request_time) AS last_seen
FROM requests GROUP BY 1, 2, 3, 4, 5
