SELECT coalesce(sum(bytes_sent), 0) AS bytessenttotal
FROM logs
WHERE remote_ip = '198.51.100.201' AND request_time BETWEEN '2026-03-01T00:00:00Z' AND '2026-04-01T00:00:00Z'
