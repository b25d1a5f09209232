-- title: Clients with an old version of TLS
-- question: Which clients use an old version of TLS, or a weak cipher?
-- pack: transport
-- kind: detection
-- severity: low
-- attack: T1557
-- parameter: min_rank integer 12 — the lowest version that is right: 10, 11, 12 or 13; S3 refuses less than 1.2 since February 2024
-- column: principal — who, whatever the session: role, user or person
-- column: requester — the requester where there is one, else the principal; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — the bucket, where there is one
-- column: events — requests of the principal that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: tls — TLS version
-- column: cipher_suite — cipher as logged
-- column: broken — the cipher counts as broken
-- column: no_forward_secrecy — the cipher has no forward secrecy
-- column: client — family of the agent
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line
-- false positives: Only old logs show less than 1.2: use 13 for logs of today.
-- cannot tell: Which library it is: the agent is what the client says.
-- next: Upgrade the clients, and ask for TLS 1.2 in the bucket policy (s3:TlsVersion).
-- source: AWS documentation on encryption in transit; own

WITH hits AS (
  SELECT *, regexp_like(coalesce(cipher_suite, ''), 'RC4|3DES|DES-CBC|NULL|EXPORT|MD5') AS broken,
         NOT regexp_like(coalesce(cipher_suite, ''), 'DHE|^TLS_') AS no_forward_secrecy, agent_family(user_agent) AS client
  FROM requests WHERE tls_version IS NOT NULL
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, lower(r.tls_version) AS tls, r.cipher_suite, r.broken, r.no_forward_secrecy, r.client,
       'low' AS severity, CASE WHEN r.broken THEN 'the cipher counts as broken' END AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r
WHERE tls_rank(r.tls_version) < $min_rank OR r.broken
GROUP BY r.principal, r.bucket, lower(r.tls_version), r.cipher_suite, r.broken, r.no_forward_secrecy, r.client
ORDER BY tls, events DESC, r.principal, r.bucket, r.cipher_suite, r.client
