SELECT bucket AS bucket_name, coalesce(requester, '-') AS requester, coalesce(remote_ip, '-') AS remoteip,
       log_time(request_time) AS requestdatetime
FROM logs
WHERE operation = 'REST.GET.OBJECT'
  AND request_time BETWEEN '2026-03-04T00:42:42Z' AND '2026-03-05T00:42:42Z'
