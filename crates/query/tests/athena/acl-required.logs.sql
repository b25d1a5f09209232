SELECT bucket AS bucket_name, operation, acl_required AS aclrequired, log_time(request_time) AS requestdatetime
FROM logs
WHERE acl_required = 'Yes' AND request_time BETWEEN '2022-05-10T00:00:00Z' AND '2026-08-10T00:00:00Z'
