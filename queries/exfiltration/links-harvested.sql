-- title: Mass download through presigned URLs
-- question: Which network fetched far more objects through presigned URLs than any other client of the same signer?
-- pack: exfiltration
-- kind: detection
-- severity: high
-- attack: T1530
-- attack: T1550.001
-- parameter: keys integer 100 — minimum distinct keys
-- parameter: times integer 10 — multiple of the busiest other network that counts as unusual
-- parameter: others integer 20 — minimum number of other networks to compare with
-- parameter: clients integer 5 — user agents on several days after which a network counts as a proxy shared by many people
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
-- column: network — the network
-- column: key_ids — access key ids that signed
-- column: keys — distinct keys
-- column: usual — keys of the busiest other network
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: A proxy shared by all users; a partner that downloads many files through presigned URLs.
-- cannot tell: Who obtained the URLs: the log has the signer's key id, but not the request that asked for the URL.
-- next: Deactivate the key or revoke the sessions that signed, and find out which application issued the URLs.
-- source: saltmine

WITH hits AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, ip_network(r.remote_ip) AS network, r.bytes_sent, r.user_agent, r.record, r.request_uri, r.request_time, r.log_file, r.log_line
  FROM requests r WHERE r.authentication_type = 'QueryString' AND r.action = 'read' AND NOT is_private_ip(r.remote_ip)
),
clients AS (SELECT principal, network, count(DISTINCT object) AS keys FROM hits GROUP BY 1, 2),
compared AS (
  SELECT *, count(*) OVER (PARTITION BY principal) - 1 AS others, nth_value(keys, 2) OVER (PARTITION BY principal ORDER BY keys DESC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS second FROM clients
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, CASE WHEN count(DISTINCT r.bucket) = 1 THEN min(r.bucket) END AS bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
       c.network, array_slice(array_sort(array_agg(DISTINCT access_key_id(r.request_uri))), 1, 5) AS key_ids, c.keys, c.second AS usual, sum_once(r.bytes_sent, r.record) AS bytes,
       CASE WHEN count(DISTINCT r.user_agent) >= $clients AND count(DISTINCT date_trunc('day', r.request_time)) >= 3 THEN 'medium' ELSE 'high' END AS severity, concat('other networks fetched at most ', c.second, ' keys through URLs of this signer', CASE WHEN count(DISTINCT r.user_agent) >= $clients AND count(DISTINCT date_trunc('day', r.request_time)) >= 3 THEN concat('; ', count(DISTINCT r.user_agent), ' user agents, as behind a proxy') ELSE '' END) AS reasons,
       evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM compared c JOIN hits r ON r.principal = c.principal AND r.network = c.network
WHERE c.keys >= $keys AND c.others >= $others AND c.keys >= $times * c.second
GROUP BY r.principal, c.network, c.keys, c.second
ORDER BY c.keys DESC, r.principal, c.network
