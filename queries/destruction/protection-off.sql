-- title: Protection changed, then data changed
-- question: Which protection changes were followed by writes and deletes by the same principal?
-- pack: destruction
-- kind: detection
-- severity: high
-- attack: T1685
-- attack: T1490
-- parameter: follow interval 24 hours — how long to follow the principal after each change
-- parameter: few integer 10 — minimum unusual subsequent deletes for high
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
-- column: writes_after — objects that the principal wrote to the bucket afterwards
-- column: deletes_after — keys that the principal deleted afterwards
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Infrastructure as code: rated low if no unusual deletes follow.
-- cannot tell: Whether the change disabled the protection: CloudTrail has the request parameters.
-- next: Restore the protection; check mass-delete, version-purge and overwrite-storm for the same principal.
-- source: saltmine

WITH changes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.action, r.record, r.request_time, r.log_file, r.log_line,
         d.days_before >= 2 AND d.change_days_before = 0 AS is_first, d.days_before < 2 AS no_history,
         coalesce(o.is_new AND o.is_public, false) AS is_new_public,
         -- A stranger: a new principal from the internet in a bucket with earlier activity.
         d.days_before < 2 AND d.bucket_since + INTERVAL '2 days' < d.first_seen AND coalesce(o.is_public, false) AS is_stranger
  FROM requests r JOIN profile_day d ON d.principal = r.principal AND d.bucket = r.bucket AND d.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  WHERE r.operation IN ('REST.PUT.VERSIONING', 'REST.PUT.ENCRYPTION', 'REST.DELETE.ENCRYPTION', 'REST.PUT.REPLICATION', 'REST.DELETE.REPLICATION', 'REST.PUT.LIFECYCLE', 'REST.DELETE.LIFECYCLE') AND r.action = 'settings_change' AND NOT r.is_aws
),
runs AS (
  SELECT *, sum(CASE WHEN pause > CAST($follow AS INTERVAL) THEN 1 ELSE 0 END) OVER (PARTITION BY principal, bucket, operation ORDER BY request_time, log_file, log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run
  FROM (SELECT *, request_time - lag(request_time) OVER (PARTITION BY principal, bucket, operation ORDER BY request_time, log_file, log_line) AS pause FROM changes)
),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, r.operation, r.run, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
         bool_or(r.is_first) AS is_first, bool_or(r.no_history) AS no_history, bool_or(r.is_new_public) AS is_new_public, evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM runs r GROUP BY r.principal, r.bucket, r.operation, r.run
),
later AS (
  SELECT s.principal, s.bucket, s.operation, s.run, count(DISTINCT CASE WHEN l.action = 'write' THEN l.record END) AS writes_after, count(DISTINCT CASE WHEN l.action = 'delete' THEN l.record END) AS deletes_after,
         count(DISTINCT CASE WHEN l.action = 'delete' AND u.principal IS NOT NULL THEN l.record END) AS unusual
  FROM summed s JOIN requests l ON l.principal = s.principal AND l.bucket = s.bucket AND l.request_time >= s.first_seen AND l.request_time <= s.last_seen + CAST($follow AS INTERVAL)
  LEFT JOIN (SELECT DISTINCT principal, bucket, day FROM profile_unusual WHERE measure = 'deletes') u ON u.principal = l.principal AND u.bucket = l.bucket AND u.day = date_trunc('day', l.request_time)
  WHERE l.action IN ('write', 'delete') GROUP BY 1, 2, 3, 4
)
SELECT s.principal, s.requester, s.remote_ip, s.addresses, s.remote_ips, s.sessions, s.bucket, s.events, s.first_seen, s.last_seen, s.operation,
       coalesce(l.writes_after, 0) AS writes_after, coalesce(l.deletes_after, 0) AS deletes_after,
       CASE WHEN l.unusual >= $few THEN 'high' WHEN s.is_new_public THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN l.unusual > 0 THEN counted(l.unusual, 'unusual delete') || ' followed' END,
         CASE WHEN s.is_new_public THEN 'from a public network that is new for this principal' END,
         CASE WHEN s.is_first THEN 'never changed settings before' WHEN s.no_history THEN 'no earlier days to compare with' END), '; '), '') AS reasons, s.evidence
FROM summed s LEFT JOIN later l ON l.principal = s.principal AND l.bucket = s.bucket AND l.operation = s.operation AND l.run = s.run
ORDER BY s.first_seen, s.principal, s.bucket, s.operation
