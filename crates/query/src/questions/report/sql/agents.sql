/* The 60 with the most requests, and the 60 with the most bytes. Agents longer than 4 KiB are grouped by their first 1,000 characters. */
WITH records AS (
  SELECT CASE WHEN octet_length(user_agent) > 4096 THEN concat(left(user_agent, 1000), '…') ELSE user_agent END AS user_agent,
         http_status, bytes_sent, requester, remote_ip, request_time
  FROM logs
),
counted AS (
  SELECT user_agent, agent_family(user_agent) AS client,
         count(*) AS requests,
         count(*) FILTER (WHERE http_status >= 400) AS failed,
         sum(possible_size(bytes_sent)) AS bytes_sent,
         count(DISTINCT requester) AS requesters, count(DISTINCT remote_ip) AS addresses,
         min(request_time) AS first_seen, max(request_time) AS last_seen
  FROM records
  WHERE user_agent IS NOT NULL
  GROUP BY user_agent
),
ranked AS (
  SELECT *,
         row_number() OVER (ORDER BY requests DESC, user_agent) AS by_requests,
         row_number() OVER (ORDER BY bytes_sent DESC NULLS LAST, user_agent) AS by_bytes
  FROM counted
)
SELECT user_agent, client, requests, failed, bytes_sent, requesters, addresses, first_seen, last_seen
FROM ranked
WHERE by_requests <= 60 OR by_bytes <= 60
ORDER BY requests DESC, user_agent
