-- title: Many bucket settings read at once
-- question: Who read many different bucket settings within minutes, and is that new for them?
-- pack: reconnaissance
-- kind: detection
-- severity: medium
-- attack: T1580
-- parameter: kinds integer 8 — minimum distinct settings of one bucket
-- parameter: gap interval 10 minutes — longest pause within a run
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
-- column: buckets — number of buckets
-- column: kinds — distinct settings read
-- column: denied — requests refused (403)
-- column: client — client family, if there is only one
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: The S3 console and every posture scanner do exactly this: rated low unless the network is new to the principal.
-- cannot tell: What was read in other services: CloudTrail has all Get and Describe calls of the principal.
-- next: Check what the principal did next: access-change-timeline, guardrail-strip.
-- source: saltmine

WITH chosen AS (
  SELECT principal, day FROM profile_activity WHERE NOT is_aws AND settings_read + denied >= $kinds GROUP BY 1, 2
),
hits AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.http_status, r.origin, r.user_agent, r.record, r.request_time, r.log_file, r.log_line
  FROM requests r JOIN chosen c ON c.principal = r.principal AND c.day = date_trunc('day', r.request_time)
  WHERE operation_class(r.operation) = 'config_read' AND NOT r.is_aws
),
runs AS (
  SELECT *, sum(CASE WHEN pause > CAST($gap AS INTERVAL) THEN 1 ELSE 0 END) OVER (PARTITION BY principal, bucket ORDER BY request_time, log_file, log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run
  FROM (SELECT *, request_time - lag(request_time) OVER (PARTITION BY principal, bucket ORDER BY request_time, log_file, log_line) AS pause FROM hits)
),
wide AS (SELECT principal, bucket, run FROM runs GROUP BY 1, 2, 3 HAVING count(DISTINCT operation) >= $kinds)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, CASE WHEN count(DISTINCT r.bucket) = 1 THEN min(r.bucket) END AS bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.bucket) AS buckets, count(DISTINCT r.operation) AS kinds, count(DISTINCT CASE WHEN is_denied(r.http_status) THEN r.record END) AS denied,
       CASE WHEN count(DISTINCT agent_family(r.user_agent)) = 1 THEN min(agent_family(r.user_agent)) END AS client,
       CASE WHEN bool_or(o.is_new AND o.is_public) OR min(r.request_time) >= min(p.first_seen) + INTERVAL '2 days' AND bool_or(o.is_public) THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN bool_or(o.is_new AND o.is_public) THEN 'from a public network that is new for this principal' END,
         CASE WHEN min(r.request_time) >= min(p.first_seen) + INTERVAL '2 days' THEN 'never did this before' END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM wide w JOIN runs r ON r.principal = w.principal AND r.bucket = w.bucket AND r.run = w.run
JOIN profile_principal p ON p.principal = r.principal
LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
GROUP BY r.principal
ORDER BY kinds DESC, first_seen, r.principal
