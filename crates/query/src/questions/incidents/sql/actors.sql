-- The actors of each incident. Requests that S3 made because of an actor do not count as the actor's.
SELECT scope / 1024 AS incident, scope % 1024 AS actor, count(DISTINCT record) AS requests,
       count(DISTINCT CASE WHEN action IS NULL AND http_status >= 400 THEN record END) AS failed,
       min(request_time) AS first_seen, max(request_time) AS last_seen, count(DISTINCT remote_ip) AS addresses,
       array_slice(array_sort(array_agg(DISTINCT remote_ip) FILTER (WHERE remote_ip IS NOT NULL)), 1, 10) AS remote_ips, count(DISTINCT requester) AS sessions,
       array_slice(array_sort(array_agg(DISTINCT requester) FILTER (WHERE requester IS NOT NULL)), 1, 5) AS requesters,
       array_slice(array_sort(array_agg(DISTINCT user_agent) FILTER (WHERE user_agent IS NOT NULL)), 1, 3) AS user_agents
FROM incident_requests WHERE action IS DISTINCT FROM 'expire' GROUP BY 1, 2 ORDER BY 1, 2
