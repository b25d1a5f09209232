-- title: Presigned URLs from a principal that never signed any
-- question: Who started to sign URLs, and did a few networks fetch many objects through them?
-- pack: credentials
-- kind: detection
-- severity: high
-- attack: T1550.001
-- attack: T1530
-- parameter: keys integer 100 — minimum distinct keys fetched through signed URLs; more than people share by hand
-- parameter: each integer 20 — average keys per network that indicate a bulk download; customers of a service fetch a few each
-- parameter: times integer 5 — multiple of a person's busiest earlier day that counts as unusual
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
-- column: keys — distinct keys
-- column: key_ids — up to five access key ids that signed
-- column: networks — networks that used the URLs
-- column: bytes — size of the objects in bytes
-- column: lifetime — longest lifetime of a URL, in seconds
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: A new feature that hands out links, which are then used from many networks. A partner that fetches a set through links is rated medium.
-- cannot tell: Who created the URLs, and where: signing leaves no trace. CloudTrail data events have the key id.
-- next: Deactivate the signing key, or revoke the role's sessions.
-- source: AWS guidance on presigned URLs; saltmine

WITH signers AS (
  SELECT a.principal, min(CASE WHEN a.origin = 'link' THEN a.first_seen END) AS link_since, min(CASE WHEN a.origin IS DISTINCT FROM 'link' THEN a.first_seen END) AS known_since,
         max(CASE WHEN a.origin IS DISTINCT FROM 'link' THEN a.reads END) AS busiest
  FROM profile_activity a WHERE NOT a.is_aws AND a.principal <> 'anonymous' GROUP BY 1
),
logs_since AS (SELECT min(first_seen) AS since FROM profile_activity),
chosen AS (
  SELECT s.principal, s.busiest, s.known_since IS NULL OR s.known_since >= s.link_since AS is_unknown
  -- Principals that sign from the first days on are assumed to have always signed. An unknown signer is treated like a known principal that starts to sign.
  FROM signers s CROSS JOIN logs_since l WHERE s.link_since >= l.since + INTERVAL '2 days' AND (s.known_since IS NULL OR s.link_since >= s.known_since + INTERVAL '2 days' OR s.known_since >= l.since + INTERVAL '2 days')
),
hits AS (
  SELECT r.principal, r.requester, r.remote_ip, ip_network(r.remote_ip) AS network, r.bucket, r.object, r.bytes_sent, r.record, r.request_time, r.log_file, r.log_line,
         access_key_id(r.request_uri) AS key_id, presigned_lifetime(r.request_uri, r.request_time) AS seconds, c.busiest, c.is_unknown
  FROM chosen c JOIN requests r ON r.principal = c.principal 
  -- The console signs URLs for its own users, so these URLs are used from the signer's network.
  LEFT JOIN profile_origin k ON k.principal = r.principal AND k.origin = ip_network(r.remote_ip) AND NOT k.is_new
  WHERE r.origin = 'link' AND r.action = 'read' AND NOT is_private_ip(r.remote_ip) AND k.principal IS NULL
),
networks AS (SELECT principal, bucket, network, count(DISTINCT object) AS keys FROM hits GROUP BY 1, 2, 3),
top AS (SELECT principal, bucket, avg(keys) AS each FROM networks GROUP BY 1, 2)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.object) AS keys, array_slice(array_sort(array_agg(DISTINCT r.key_id) FILTER (WHERE r.key_id IS NOT NULL)), 1, 5) AS key_ids, count(DISTINCT r.network) AS networks, sum_once(r.bytes_sent, r.record) AS bytes, max(r.seconds) AS lifetime,
       CASE WHEN max(t.each) < $each THEN 'low'
            WHEN NOT bool_or(p.is_person) THEN 'high'
            WHEN count(DISTINCT r.object) >= $times * coalesce(max(r.busiest), 0) AND count(DISTINCT r.object) >= 2 * $keys THEN 'high' ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN bool_or(r.is_unknown) THEN 'the signer did nothing else' ELSE 'never signed URLs before' END,
         CASE WHEN max(t.each) >= $each THEN concat(CAST(round(max(t.each)) AS BIGINT), ' keys per network on average') ELSE 'each network fetched only a few keys' END,
         CASE WHEN bool_or(p.is_person) AND count(DISTINCT r.object) >= $times * coalesce(max(r.busiest), 0) THEN concat('previously at most ', max(r.busiest), ' reads per day') END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r JOIN top t ON t.principal = r.principal AND t.bucket = r.bucket JOIN profile_principal p ON p.principal = r.principal
GROUP BY r.principal, r.bucket HAVING count(DISTINCT r.object) >= $keys
ORDER BY keys DESC, first_seen, r.principal, r.bucket
