SELECT request_id AS requestid, coalesce(CAST(http_status AS varchar), '-') AS httpstatus
FROM logs
WHERE key = 'index.html'
  AND request_time BETWEEN '2026-03-03T07:00:00Z' AND '2026-03-04T08:00:00Z'
