SELECT date_bin(interval '1' minute, request_time) AS "interval", count(*) AS requests FROM logs GROUP BY 1
