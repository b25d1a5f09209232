-- title: Presigned URLs with a long lifetime
-- question: Which presigned URLs are valid for longer than they should be, and is that new for their signer?
-- pack: credentials
-- kind: detection
-- severity: high
-- attack: T1550.001
-- parameter: max_seconds integer 3600 — longest acceptable lifetime; AWS recommends minutes
-- parameter: week integer 604800 — maximum lifetime of a Signature Version 4 URL
-- parameter: year integer 31536000 — minimum lifetime of a URL that is meant never to expire
-- parameter: longer integer 10 — multiple of the longest lifetime that the signer used in its first two days: a program signs all its URLs alike
-- parameter: others integer 20 — minimum URLs in these two days to compare with
-- parameter: each integer 20 — average keys per network that indicate a bulk download; customers of a service fetch a few each
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
-- column: lifetime — stated lifetime in seconds
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: oldest_use — seconds between signing and last use
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: URLs signed by a role expire with its session, earlier than they state. Old programs that always used Signature Version 2 are rated medium.
-- cannot tell: Who created the URL, and who has it.
-- next: Deactivate the signing key; its URLs stop working with it.
-- source: AWS prescriptive guidance (s3:signatureAge); saltmine

WITH hits AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.bytes_sent, r.record, r.request_time, r.log_file, r.log_line,
         ip_network(r.remote_ip) AS network, access_key_id(r.request_uri) AS key_id, presigned_lifetime(r.request_uri, r.request_time) AS seconds, uri_param(r.request_uri, 'X-Amz-Expires') IS NULL AS is_version_2,
         presigned_expires(r.request_uri) AS ends
  FROM requests r WHERE r.authentication_type = 'QueryString'
),
-- When the signer first had URLs with such a lifetime.
usual AS (
  SELECT h.principal, max(h.seconds) AS seconds, count(DISTINCT h.record) AS urls, min(f.since) + INTERVAL '2 days' AS until
  FROM hits h JOIN (SELECT principal, min(request_time) AS since FROM hits GROUP BY 1) f ON f.principal = h.principal AND h.request_time < f.since + INTERVAL '2 days' GROUP BY 1
),
habit AS (
  SELECT h.principal, min(CASE WHEN h.seconds > $week THEN h.request_time END) AS since, min(p.first_seen) AS known_since
  FROM hits h JOIN profile_principal p ON p.principal = h.principal GROUP BY 1
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.key_id, max(r.seconds) AS lifetime, count(DISTINCT r.object) AS keys, sum_once(r.bytes_sent, r.record) AS bytes,
       max(date_part('epoch', r.request_time) - date_part('epoch', r.ends) + r.seconds) AS oldest_use,
       CASE WHEN max(u.urls) >= $others AND max(r.seconds) >= $longer * max(u.seconds) AND min(r.request_time) >= max(u.until) AND count(DISTINCT r.object) >= $each * count(DISTINCT r.network) THEN 'high'
            WHEN max(r.seconds) > $year AND min(h.since) >= min(h.known_since) + INTERVAL '2 days' THEN 'high' WHEN max(r.seconds) > $week THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN max(u.urls) >= $others AND max(r.seconds) >= $longer * max(u.seconds) THEN concat('earlier URLs of the signer were valid for at most ', max(u.seconds), ' seconds') END,
         CASE WHEN max(r.seconds) > $week THEN concat('valid for ', max(r.seconds) / 86400, ' days, which only Signature Version 2 allows') END,
         CASE WHEN max(r.seconds) > $week AND min(h.since) >= min(h.known_since) + INTERVAL '2 days' THEN 'the signer never signed such a URL before' END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r JOIN habit h ON h.principal = r.principal JOIN usual u ON u.principal = r.principal
WHERE r.seconds > $max_seconds OR u.urls >= $others AND r.seconds >= $longer * u.seconds
-- A version 2 URL does not state when it was signed, so its remaining lifetime differs at each use.
GROUP BY r.principal, r.bucket, r.key_id, r.is_version_2, CASE WHEN r.is_version_2 THEN date_part('epoch', r.ends) ELSE r.seconds END
ORDER BY lifetime DESC, events DESC, r.principal, r.bucket, r.key_id
