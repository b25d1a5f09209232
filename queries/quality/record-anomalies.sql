-- title: Suspicious or malformed log records
-- question: Which records look forged, or contain text aimed at whoever reads the log?
-- pack: quality
-- kind: detection
-- severity: low
-- attack: T1070
-- parameter: hostile text [[:cntrl:]]|<script|[$][{]jndi:|^[=+@]|^-[0-9a-z(] — regular expression over user agent, referer and host: control characters, scripts, lookups, formulas
-- column: principal — who acted, independent of the session: role, user or person
-- column: requester — the requester if there is only one, otherwise the principal; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — bucket
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: anomaly — the anomaly, as in the table logs
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: S3 logs quotes in user agents, referers and URIs unescaped, and many are harmless. Lines that could not be parsed are in the table rejects.
-- cannot tell: Whether a line was forged: compare its request id with CloudTrail data events.
-- next: Look at the original lines in the file; never paste them unescaped.
-- source: Reports on injected log lines; saltmine

WITH hits AS (
  SELECT principal, requester, remote_ip, bucket, coalesce(anomaly, 'hostile_text') AS anomaly, record, request_time, log_file, log_line FROM requests
  WHERE anomaly IS NOT NULL OR http_status NOT BETWEEN 100 AND 599
     OR regexp_like(coalesce(user_agent, ''), $hostile) OR regexp_like(coalesce(referer, ''), $hostile) OR regexp_like(coalesce(host_header, ''), $hostile)
     OR regexp_like(coalesce(request_uri, ''), '[[:cntrl:]]|[$][{]jndi:')
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.anomaly, 'low' AS severity, CAST(NULL AS VARCHAR) AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r
GROUP BY r.principal, r.bucket, r.anomaly
ORDER BY events DESC, r.bucket, r.principal, r.anomaly
