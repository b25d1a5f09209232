-- title: Object Lock changes
-- question: Who set or removed retention, legal holds or the Object Lock configuration?
-- pack: object-lock
-- kind: detection
-- severity: low
-- attack: T1490
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
-- column: operation — operation as logged
-- column: failed — failed requests
-- column: keys — distinct keys
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Backup software that renews its retention.
-- cannot tell: Whether retention became longer or shorter: CloudTrail has the request parameters.
-- next: Compare with the intended retention; check version-purge.
-- source: saltmine; sources disagree on the operation names, so the URI is checked too

WITH hits AS (
  SELECT * FROM requests
  WHERE (regexp_like(coalesce(request_uri, ''), '^(PUT|POST|DELETE) [^ ]*[?&](retention|legal-hold|object-lock)([=& ]|$)')
     OR regexp_like(operation, '^REST[.](PUT|POST|DELETE)[.].*(RETENTION|LEGAL_?HOLD|OBJECT_LOCK)')) AND NOT is_aws
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.operation, count(DISTINCT CASE WHEN r.action IS NULL THEN r.record END) AS failed, count(DISTINCT r.object) AS keys,
       'low' AS severity, CASE WHEN bool_and(r.action IS NULL) THEN 'all refused' END AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r
GROUP BY r.principal, r.bucket, r.operation
ORDER BY first_seen, r.principal, r.bucket, r.operation
