/* The 60 with the most requests, and the 60 with the most bytes. */
WITH counted AS (
  SELECT remote_ip, is_private_ip(remote_ip) AS private,
         count(*) AS requests,
         count(*) FILTER (WHERE http_status >= 400) AS failed,
         count(*) FILTER (WHERE http_status = 403) AS denied,
         sum(possible_size(bytes_sent)) AS bytes_sent,
         count(DISTINCT requester) AS requesters,
         count(*) FILTER (WHERE is_anonymous(requester)) AS anonymous,
         min(request_time) AS first_seen, max(request_time) AS last_seen
  FROM logs
  WHERE remote_ip IS NOT NULL
  GROUP BY remote_ip
),
ranked AS (
  SELECT *,
         row_number() OVER (ORDER BY requests DESC, remote_ip) AS by_requests,
         row_number() OVER (ORDER BY bytes_sent DESC NULLS LAST, remote_ip) AS by_bytes
  FROM counted
)
SELECT remote_ip, private, requests, failed, denied, bytes_sent, requesters, anonymous, first_seen, last_seen
FROM ranked
WHERE by_requests <= 60 OR by_bytes <= 60
ORDER BY requests DESC, remote_ip
