SELECT log_time(request_time) AS requestdatetime, request_id AS requestid, coalesce(error_code, '-') AS errorcode, coalesce(host_id, '-') AS hostid
FROM logs
WHERE http_status BETWEEN 500 AND 599 AND event_date BETWEEN DATE '2026-03-05' AND DATE '2026-03-06'
