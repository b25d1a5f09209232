SELECT operation, avg(total_time) AS avg_ms, max(total_time) AS max_ms, count(*) AS requests
FROM logs WHERE operation IN ('REST.GET.OBJECT', 'REST.PUT.OBJECT') GROUP BY operation
