-- title: Refused deletions of object versions
-- question: Who tried to delete object versions and was refused, as happens with Object Lock?
-- pack: object-lock
-- kind: detection
-- severity: medium
-- attack: T1485
-- attack: T1490
-- parameter: min_refusals integer 1 — minimum refusals
-- parameter: few integer 20 — minimum refusals for medium; backups that prune too early have a few
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
-- column: versions — distinct versions
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Missing permissions look the same; backups that prune too early.
-- cannot tell: Whether Object Lock or a policy refused the request: CloudTrail has the error message.
-- next: Check version-purge and mass-delete for the same principal.
-- source: saltmine

WITH hits AS (
  SELECT * FROM requests
  WHERE operation_class(operation) = 'delete' AND version_id IS NOT NULL AND is_denied(http_status) AND error_code = 'AccessDenied'
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.object) AS keys, count(DISTINCT r.version_id) AS versions,
       CASE WHEN count(DISTINCT r.record) >= $few OR bool_or(o.is_new AND o.is_public) THEN 'medium' ELSE 'low' END AS severity,
       CASE WHEN bool_or(o.is_new AND o.is_public) THEN 'from a public network that is new for this principal' END AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
GROUP BY r.principal, r.bucket
HAVING count(DISTINCT r.record) >= $min_refusals
ORDER BY events DESC, first_seen, r.principal, r.bucket
