SELECT log_time(request_time) AS requestdatetime, coalesce(remote_ip, '-') AS remoteip, coalesce(requester, '-') AS requester, key
FROM logs WHERE key = 'img/f6/original/d639101f-3ead-ea2b-5a50-596efcbad752.webp' AND operation LIKE '%DELETE%'
