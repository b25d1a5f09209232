/* Requests and bytes sent by principal and time slot: all of them, and those of incidents. For the principals of incidents, and the six that read the most bytes. */
WITH busiest AS (
  SELECT principal
  FROM (SELECT principal, sum(bytes_read) AS bytes_read FROM profile_activity WHERE NOT is_aws GROUP BY 1)
  WHERE bytes_read > 0
  ORDER BY bytes_read DESC, principal
  LIMIT 6
),
wanted AS (SELECT principal FROM busiest UNION SELECT principal FROM incident_requests)
SELECT 'all' AS part, r.principal, date_bin(CAST($slot AS interval), r.request_time) AS slot,
       count(*) AS requests, CAST(sum(r.bytes_sent) AS BIGINT) AS bytes_sent
FROM requests r JOIN wanted w ON w.principal = r.principal
WHERE r.request_time IS NOT NULL
GROUP BY 1, 2, 3
UNION ALL
SELECT 'incident', principal, date_bin(CAST($slot AS interval), request_time),
       count(*), CAST(sum(bytes_sent) AS BIGINT)
FROM incident_requests
GROUP BY 1, 2, 3
ORDER BY part, principal, slot
LIMIT 20000
