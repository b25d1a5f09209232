/* The 60 with the most requests, and the 60 with the most bytes. */
WITH counted AS (
  SELECT requester, principal_type(requester) AS kind,
         count(*) AS requests,
         count(*) FILTER (WHERE http_status >= 400) AS failed,
         count(*) FILTER (WHERE http_status = 403) AS denied,
         sum(possible_size(bytes_sent)) AS bytes_sent,
         count(DISTINCT remote_ip) AS addresses,
         min(request_time) AS first_seen, max(request_time) AS last_seen
  FROM logs
  GROUP BY requester
),
ranked AS (
  SELECT *,
         row_number() OVER (ORDER BY requests DESC, requester) AS by_requests,
         row_number() OVER (ORDER BY bytes_sent DESC NULLS LAST, requester) AS by_bytes
  FROM counted
)
SELECT requester, kind, requests, failed, denied, bytes_sent, addresses, first_seen, last_seen
FROM ranked
WHERE by_requests <= 60 OR by_bytes <= 60
ORDER BY requests DESC, requester
