-- title: Known principal from a new network
-- question: Which known principals came from public networks that they had never used?
-- pack: exfiltration
-- kind: detection
-- severity: medium
-- attack: T1078.004
-- parameter: min_events integer 5 — minimum successful requests from new networks
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
-- column: networks — number of new networks
-- column: known_since — first request of the principal from anywhere
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: People who travel or work from home, functions and containers with public addresses, a changed NAT gateway: rated low if nothing was deleted or changed.
-- cannot tell: Who uses the address, and how the credentials got there: CloudTrail has AssumeRole and the access key id.
-- next: Ask the principal's owner; check bulk-read and role-elsewhere.
-- source: Published searches for new addresses
-- source: saltmine

WITH chosen AS (SELECT principal, origin, known_since FROM profile_origin WHERE is_new AND is_public)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, CASE WHEN count(DISTINCT r.bucket) = 1 THEN min(r.bucket) END AS bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.origin) AS networks, min(r.known_since) AS known_since,
       sum_once(CASE WHEN r.action = 'read' THEN r.bytes_sent END, r.record) AS bytes,
       CASE WHEN bool_or(r.action IN ('delete', 'settings_change', 'access_change', 'bucket_delete')) THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN true THEN concat('known since ', CAST(date_trunc('day', min(r.known_since)) AS DATE), ', but only from other networks') END,
         CASE WHEN bool_or(r.action = 'delete') THEN 'objects deleted' END,
         CASE WHEN bool_or(r.action IN ('settings_change', 'access_change', 'bucket_delete')) THEN 'settings changed' END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM (
  SELECT r.*, c.known_since FROM chosen c JOIN requests r ON r.principal = c.principal AND r.origin = c.origin
  WHERE NOT r.is_aws AND r.action IS NOT NULL
) r
GROUP BY r.principal HAVING count(DISTINCT r.record) >= $min_events
ORDER BY bytes DESC NULLS LAST, first_seen, r.principal
