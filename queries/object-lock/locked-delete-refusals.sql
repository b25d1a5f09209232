-- title: Refused deletions of versions
-- question: Who tried to delete versions and was refused, as object lock does?
-- pack: object-lock
-- kind: detection
-- severity: medium
-- attack: T1485
-- attack: T1490
-- parameter: min_refusals integer 1 — refusals from which it is shown
-- parameter: few integer 20 — refusals from which it is medium: backups that prune too early have a few
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
-- column: keys — distinct keys
-- column: versions — distinct versions
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line
-- false positives: A plain lack of permission looks the same; backups that prune too early.
-- cannot tell: Whether object lock or a policy refused: CloudTrail has the message of the error.
-- next: Look at version-purge and mass-delete for the same principal.
-- source: Own

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
