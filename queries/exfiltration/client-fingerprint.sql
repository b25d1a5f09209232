-- title: Known principal with a new or suspicious client
-- question: Which principals use a client that they never used before, or a known attack tool?
-- pack: exfiltration
-- kind: detection
-- severity: medium
-- attack: T1530
-- attack: T1078.004
-- parameter: tools text distrib#kali|[+]kali|kali-(amd|arm)64|parrot|pacu|scoutsuite|trufflehog|nuclei|s3scanner|bucketdump — regular expression over lower-case user agents that matches penetration-testing tools and distributions, following published rules
-- parameter: many integer 4 — clients in the first two days after which a new client of the principal means nothing
-- column: principal — who acted, independent of the session: role, user or person
-- column: requester — the requester if there is only one, otherwise the principal; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — the bucket if there is only one, otherwise null
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: client — client family, from the user agent
-- column: user_agent — the user agent, if there is only one
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Upgrades, new programs, people at work: rated low. Clients can send any user agent.
-- cannot tell: Whether the user agent is genuine: the log has no TLS fingerprint.
-- next: Check where else this client was used, and new-source-address for the principal.
-- source: Published rules on clients that are new for a principal
-- source: saltmine

WITH uses AS (
  SELECT principal, agent_family(user_agent) AS client, min(request_time) AS since, bool_or(regexp_like(lower(user_agent), $tools)) AS is_tool
  FROM requests WHERE NOT is_aws AND principal <> 'anonymous' AND user_agent IS NOT NULL AND (origin IS DISTINCT FROM 'link') GROUP BY 1, 2
),
known AS (SELECT *, min(since) OVER (PARTITION BY principal) AS known_since FROM uses),
settled AS (SELECT principal, count(*) FILTER (WHERE since < known_since + INTERVAL '2 days') AS clients FROM known GROUP BY 1),
chosen AS (
  SELECT k.principal, k.client, k.is_tool FROM known k JOIN settled s ON s.principal = k.principal
  WHERE k.is_tool OR k.since >= k.known_since + INTERVAL '2 days' AND s.clients < $many
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, CASE WHEN count(DISTINCT r.bucket) = 1 THEN min(r.bucket) END AS bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.client, CASE WHEN count(DISTINCT r.user_agent) = 1 THEN min(r.user_agent) END AS user_agent,
       count(DISTINCT r.object) AS keys, sum_once(CASE WHEN r.action = 'read' THEN r.bytes_sent END, r.record) AS bytes,
       CASE WHEN bool_or(r.is_tool) OR bool_or(o.is_new AND o.is_public) THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN bool_or(r.is_tool) THEN 'a penetration-testing tool or distribution' ELSE 'never used this client before' END,
         CASE WHEN bool_or(o.is_new AND o.is_public) THEN 'from a public network that is new for this principal' END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM (
  SELECT r.*, c.client, c.is_tool FROM chosen c JOIN requests r ON r.principal = c.principal AND agent_family(r.user_agent) = c.client
  WHERE NOT r.is_aws AND (r.origin IS DISTINCT FROM 'link')
) r LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
GROUP BY r.principal, r.client
ORDER BY first_seen, r.principal, r.client
