SELECT key AS key_name, remote_ip, requester, count(*) AS denied_count
FROM logs WHERE http_status = 403 GROUP BY ALL
