-- title: Presigned URL used from many IP addresses
-- question: Which presigned URL was used from far more addresses than its signer's other URLs?
-- pack: credentials
-- kind: detection
-- severity: medium
-- attack: T1550.001
-- attack: T1530
-- parameter: addresses integer 10 — minimum distinct addresses (networks for IPv6)
-- parameter: uses integer 20 — also shown: URLs used at least this often from two or more addresses, far more often and for longer than the signer's other URLs
-- parameter: times integer 5 — multiple of the signer's most used other URL that counts as unusual
-- parameter: others integer 20 — minimum number of the signer's other URLs to compare with
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
-- column: key_id — access key id that signed
-- column: expires — when the URL expires
-- column: clients — distinct user agents
-- column: usual — addresses of the signer's most used other URL
-- column: key — the key
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Phones and proxies that change networks, links in newsletters and chats.
-- cannot tell: Who has the URL, and how it was shared.
-- next: Deactivate the signing key, or revoke the role's sessions: a single signature cannot be revoked.
-- source: AWS guidance on presigned URLs

WITH hits AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, CASE WHEN r.remote_ip LIKE '%:%' THEN ip_network(r.remote_ip) ELSE r.remote_ip END AS network, r.user_agent, r.bytes_sent, r.record, r.request_time, r.log_file, r.log_line,
         access_key_id(r.request_uri) AS key_id, presigned_expires(r.request_uri) AS expires
  FROM requests r WHERE r.authentication_type = 'QueryString' AND r.action IN ('read', 'write', 'delete')
),
links AS (
  SELECT principal, bucket, object, key_id, expires, count(DISTINCT network) AS networks, count(DISTINCT record) AS uses, max(request_time) - min(request_time) AS span
  FROM hits WHERE expires IS NOT NULL GROUP BY 1, 2, 3, 4, 5
),
-- The second-highest value of each signer, without sorting all URLs.
values_of AS (
  SELECT principal, 'networks' AS what, networks AS amount, count(*) AS links FROM links GROUP BY principal, networks
  UNION ALL SELECT principal, 'uses', uses, count(*) FROM links GROUP BY principal, uses
  UNION ALL SELECT principal, 'span', CAST(date_part('epoch', span) AS BIGINT), count(*) FROM links GROUP BY principal, CAST(date_part('epoch', span) AS BIGINT)
),
seconds AS (
  SELECT principal, max(CASE WHEN what = 'networks' THEN amount END) AS second, max(CASE WHEN what = 'uses' THEN amount END) AS second_uses, max(CASE WHEN what = 'span' THEN amount END) AS second_span
  FROM (SELECT *, sum(links) OVER (PARTITION BY principal, what ORDER BY amount DESC) AS up_to FROM values_of) WHERE up_to >= 2 GROUP BY principal
),
compared AS (
  SELECT l.*, o.others, s.second, s.second_uses, s.second_span FROM links l
  JOIN (SELECT principal, count(*) - 1 AS others FROM links GROUP BY principal) o ON o.principal = l.principal LEFT JOIN seconds s ON s.principal = l.principal
),
chosen AS (
  SELECT *, networks >= 2 AND uses >= $uses AND others >= $others AND uses >= $times * second_uses AND CAST(date_part('epoch', span) AS BIGINT) > 2 * second_span AS is_passed_on FROM compared
  WHERE networks >= $addresses OR networks >= 2 AND uses >= $uses AND others >= $others AND uses >= $times * second_uses AND CAST(date_part('epoch', span) AS BIGINT) > 2 * second_span
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
       r.key_id, r.expires, count(DISTINCT r.user_agent) AS clients, c.second AS usual, r.object AS key, sum_once(r.bytes_sent, r.record) AS bytes,
       CASE WHEN c.others >= $others AND c.networks >= $times * c.second OR c.is_passed_on THEN 'high' ELSE 'medium' END AS severity,
       CASE WHEN c.is_passed_on AND c.networks < $addresses THEN concat('other URLs of the signer were used at most ', c.second_uses, ' times and for less than half as long')
            WHEN c.others >= $others THEN concat('other URLs of the signer were used from at most ', c.second, ' addresses') ELSE 'too few other URLs of the signer to compare with' END AS reasons,
       evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM chosen c JOIN hits r ON r.principal = c.principal AND r.bucket = c.bucket AND r.object = c.object AND (r.key_id IS NOT DISTINCT FROM c.key_id) AND r.expires = c.expires
GROUP BY r.principal, r.bucket, r.object, r.key_id, r.expires, c.networks, c.others, c.second, c.second_uses, c.is_passed_on
ORDER BY c.networks DESC, bytes DESC NULLS LAST, r.principal, r.bucket, r.key_id, r.expires
