/* Requests and bytes by time slot, and by weekday (0 is Sunday) and hour; UTC. */
SELECT CASE WHEN grouping(slot) = 0 THEN 'slot' ELSE 'hour' END AS part,
       slot, weekday, hour,
       count(*) AS requests,
       count(*) FILTER (WHERE http_status BETWEEN 200 AND 299) AS status_2xx,
       count(*) FILTER (WHERE http_status BETWEEN 300 AND 399) AS status_3xx,
       count(*) FILTER (WHERE http_status BETWEEN 400 AND 499) AS status_4xx,
       count(*) FILTER (WHERE http_status >= 500) AS status_5xx,
       count(*) FILTER (WHERE http_status IS NULL OR http_status < 200) AS status_none,
       sum(possible_size(bytes_sent)) AS bytes_sent
FROM (
  SELECT date_bin(CAST($slot AS interval), request_time) AS slot,
         date_part('dow', request_time) AS weekday, date_part('hour', request_time) AS hour,
         http_status, bytes_sent
  FROM logs
  WHERE request_time IS NOT NULL
)
GROUP BY GROUPING SETS ((slot), (weekday, hour))
ORDER BY part, slot, weekday, hour
LIMIT 5000
