-- title: Clients using outdated TLS
-- question: Which clients use an outdated TLS version or a weak cipher?
-- pack: transport
-- kind: detection
-- severity: low
-- attack: T1557
-- parameter: min_rank integer 12 — oldest acceptable version: 10, 11, 12 or 13; S3 has required TLS 1.2 since February 2024
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
-- column: tls — TLS version
-- column: cipher_suite — cipher as logged
-- column: broken — whether the cipher is considered broken
-- column: no_forward_secrecy — whether the cipher lacks forward secrecy
-- column: client — client family, from the user agent
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Versions below 1.2 occur only in old logs: use 13 for current logs.
-- cannot tell: Which library the client uses: clients can send any user agent.
-- next: Upgrade the clients, and require TLS 1.2 in the bucket policy (s3:TlsVersion).
-- source: AWS documentation on encryption in transit; saltmine

WITH hits AS (
  SELECT *, regexp_like(coalesce(cipher_suite, ''), 'RC4|3DES|DES-CBC|NULL|EXPORT|MD5') AS broken,
         NOT regexp_like(coalesce(cipher_suite, ''), 'DHE|^TLS_') AS no_forward_secrecy, agent_family(user_agent) AS client
  FROM requests WHERE tls_version IS NOT NULL
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, lower(r.tls_version) AS tls, r.cipher_suite, r.broken, r.no_forward_secrecy, r.client,
       'low' AS severity, CASE WHEN r.broken THEN 'the cipher is considered broken' END AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r
WHERE tls_rank(r.tls_version) < $min_rank OR r.broken
GROUP BY r.principal, r.bucket, lower(r.tls_version), r.cipher_suite, r.broken, r.no_forward_secrecy, r.client
ORDER BY tls, events DESC, r.principal, r.bucket, r.cipher_suite, r.client
