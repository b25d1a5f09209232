SELECT remote_ip, count(*) AS total, count_if(http_status >= 400) AS errors
FROM logs GROUP BY remote_ip HAVING count_if(http_status >= 400) > 10
