SELECT http_status, error_code, operation, count(*) AS error_count
FROM logs WHERE http_status >= 400 GROUP BY ALL
