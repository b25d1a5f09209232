SELECT remote_ip, count(*) AS total_requests, count_if(http_status >= 400) AS errors,
       sum(bytes_sent) AS bytes_transferred
FROM logs GROUP BY remote_ip
