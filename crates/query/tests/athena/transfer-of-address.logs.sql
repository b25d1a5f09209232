SELECT sum(bytes_sent) AS uploadtotal, sum(object_size) AS downloadtotal, sum(bytes_sent + object_size) AS total
FROM logs
WHERE remote_ip = '198.51.100.201' AND request_time BETWEEN '2026-03-01T00:00:00Z' AND '2026-04-01T00:00:00Z'
