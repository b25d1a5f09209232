-- title: Presigned URLs with a long life
-- question: Which presigned URLs live longer than they should, and is that new for their signer?
-- pack: credentials
-- kind: detection
-- severity: high
-- attack: T1550.001
-- parameter: max_seconds integer 3600 — the longest life that is right; AWS advises minutes
-- parameter: week integer 604800 — the longest life that a signature of version 4 can have
-- parameter: year integer 31536000 — life of a link that is meant never to end
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
-- column: key_id — access key id that signed
-- column: lifetime — seconds the URL says it lives
-- column: keys — distinct keys
-- column: bytes — bytes of the objects
-- column: oldest_use — seconds between signing and the latest use
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line
-- false positives: URLs signed by a role end with its session, earlier than they say. Old programs that always signed with version 2 are medium.
-- cannot tell: Who made the link, and who holds it.
-- next: Deactivate the key that signed: the links end with it.
-- source: AWS prescriptive guidance (s3:signatureAge); query of our own

WITH hits AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.bytes_sent, r.record, r.request_time, r.log_file, r.log_line,
         access_key_id(r.request_uri) AS key_id, presigned_lifetime(r.request_uri, r.request_time) AS seconds, uri_param(r.request_uri, 'X-Amz-Expires') IS NULL AS is_version_2,
         presigned_expires(r.request_uri) AS ends
  FROM requests r WHERE r.authentication_type = 'QueryString'
),
-- Since when the signer has links that live so long.
habit AS (
  SELECT h.principal, min(CASE WHEN h.seconds > $week THEN h.request_time END) AS since, min(p.first_seen) AS known_since
  FROM hits h JOIN profile_principal p ON p.principal = h.principal GROUP BY 1
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.key_id, max(r.seconds) AS lifetime, count(DISTINCT r.object) AS keys, sum(r.bytes_sent) AS bytes,
       max(date_part('epoch', r.request_time) - date_part('epoch', r.ends) + r.seconds) AS oldest_use,
       CASE WHEN max(r.seconds) > $year AND min(h.since) >= min(h.known_since) + INTERVAL '2 days' THEN 'high' WHEN max(r.seconds) > $week THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN max(r.seconds) > $week THEN concat('valid for ', max(r.seconds) / 86400, ' days, which only signatures of version 2 can be') END,
         CASE WHEN max(r.seconds) > $week AND min(h.since) >= min(h.known_since) + INTERVAL '2 days' THEN 'no such link of the signer before' END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r JOIN habit h ON h.principal = r.principal
WHERE r.seconds > $max_seconds
-- A URL of version 2 does not say when it was signed: what is left of its life is another number at each use.
GROUP BY r.principal, r.bucket, r.key_id, r.is_version_2, CASE WHEN r.is_version_2 THEN date_part('epoch', r.ends) ELSE r.seconds END
ORDER BY lifetime DESC, events DESC, r.principal, r.bucket, r.key_id
