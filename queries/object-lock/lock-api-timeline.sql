-- title: Changes of object lock
-- question: Who set or removed retention, legal holds or the lock configuration?
-- pack: object-lock
-- kind: detection
-- severity: low
-- attack: T1490
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
-- column: operation — operation as logged
-- column: failed — how many failed
-- column: keys — distinct keys
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line
-- false positives: Backup software that renews its retention.
-- cannot tell: Whether retention became longer or shorter: CloudTrail has the request parameters.
-- next: Compare with the retention that is meant; look at version-purge.
-- source: Own; sources disagree on the operation names, so the URI is looked at too

WITH hits AS (
  SELECT * FROM requests
  WHERE (regexp_like(coalesce(request_uri, ''), '^(PUT|POST|DELETE) [^ ]*[?&](retention|legal-hold|object-lock)([=& ]|$)')
     OR regexp_like(operation, '^REST[.](PUT|POST|DELETE)[.].*(RETENTION|LEGAL_?HOLD|OBJECT_LOCK)')) AND NOT is_aws
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.operation, count(*) FILTER (WHERE r.action IS NULL) AS failed, count(DISTINCT r.object) AS keys,
       'low' AS severity, CASE WHEN bool_and(r.action IS NULL) THEN 'all refused' END AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r
GROUP BY r.principal, r.bucket, r.operation
ORDER BY first_seen, r.principal, r.bucket, r.operation
