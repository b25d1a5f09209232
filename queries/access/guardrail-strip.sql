-- title: Multiple bucket protections changed
-- question: Did one principal change two or more protections of a bucket, is that new for them, and what followed?
-- pack: access
-- kind: detection
-- severity: high
-- attack: T1685
-- attack: T1685.002
-- parameter: gap interval 1 day — longest pause within a run of changes
-- parameter: min_controls integer 2 — minimum distinct protections
-- parameter: few integer 10 — minimum subsequent deletes, overwrites or anonymous reads for high
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
-- column: controls — distinct protections changed
-- column: operations — operations seen
-- column: deletes_after — keys that the principal deleted in the bucket within two days
-- column: anonymous_after — reads without credentials within two days
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Infrastructure as code, and buckets being set up: rated low if the principal changes settings on other days, or created the bucket at that time.
-- cannot tell: Whether a protection was enabled or disabled: CloudTrail has the request parameters.
-- next: Compare with change tickets. Restore the protections, logging first, and review what the principal did in between.
-- source: Ported from published rules over CloudTrail

WITH changes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.action, r.record, r.request_time, r.log_file, r.log_line,
         d.days_before >= 2 AND d.change_days_before = 0 AS is_first, d.days_before < 2 AS no_history,
         coalesce(o.is_new AND o.is_public, false) AS is_new_public,
         -- A stranger: a new principal from the internet in a bucket with earlier activity.
         d.days_before < 2 AND d.bucket_since + INTERVAL '2 days' < d.first_seen AND coalesce(o.is_public, false) AS is_stranger
  FROM requests r JOIN profile_day d ON d.principal = r.principal AND d.bucket = r.bucket AND d.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  WHERE r.action IN ('settings_change', 'access_change') AND (r.action = 'access_change' AND r.object IS NULL OR r.operation IN ('REST.PUT.LOGGING_STATUS', 'REST.PUT.VERSIONING', 'REST.PUT.LIFECYCLE', 'REST.DELETE.LIFECYCLE', 'REST.PUT.REPLICATION', 'REST.DELETE.REPLICATION',
                        'REST.PUT.ENCRYPTION', 'REST.DELETE.ENCRYPTION', 'REST.PUT.OBJECT_LOCK', 'REST.PUT.OBJECT_LOCK_CONFIGURATION', 'REST.PUT.NOTIFICATION')) AND NOT r.is_aws
),
runs AS (
  SELECT *, regexp_replace(operation, '^REST[.](PUT|DELETE)[.]', '') AS control,
         sum(CASE WHEN pause > CAST($gap AS INTERVAL) THEN 1 ELSE 0 END) OVER (PARTITION BY principal, bucket ORDER BY request_time, log_file, log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run
  FROM (SELECT *, request_time - lag(request_time) OVER (PARTITION BY principal, bucket ORDER BY request_time, log_file, log_line) AS pause FROM changes)
),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, r.run, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
         count(DISTINCT r.control) AS controls, array_sort(array_agg(DISTINCT r.operation)) AS operations,
         count(DISTINCT CASE WHEN r.operation LIKE 'REST.DELETE.%' THEN r.control END) AS removed,
         bool_or(r.is_first) AS is_first, bool_or(r.no_history) AS no_history, bool_or(r.is_new_public) AS is_new_public, bool_or(r.is_stranger) AS is_stranger,
         evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM runs r GROUP BY r.principal, r.bucket, r.run
  -- Setting a policy and deleting it again counts as one control, not two.
  HAVING count(DISTINCT r.control) >= $min_controls
),
followed AS (
  SELECT s.principal, s.bucket, s.run,
         count(DISTINCT CASE WHEN l.principal = s.principal AND l.action = 'delete' THEN l.object END) AS deletes_after,
         count(DISTINCT CASE WHEN l.principal = 'anonymous' AND l.action IN ('read', 'list') THEN l.record END) AS anonymous_after,
         bool_or(l.action = 'bucket_create') AS is_birth
  FROM summed s JOIN requests l ON l.bucket = s.bucket
  WHERE (l.request_time BETWEEN s.first_seen AND s.last_seen + INTERVAL '2 days' AND (l.principal = s.principal AND l.action = 'delete' OR l.principal = 'anonymous'))
     OR (l.action = 'bucket_create' AND l.request_time BETWEEN s.first_seen - INTERVAL '1 day' AND s.last_seen)
  GROUP BY 1, 2, 3
),
-- A bucket that was already open was not opened by this change.
opened AS (
  SELECT s.principal, s.bucket, s.run FROM summed s JOIN profile_activity a ON a.bucket = s.bucket AND a.principal = 'anonymous' AND a.reads + a.lists > 0 AND a.first_seen < s.first_seen GROUP BY 1, 2, 3
)
SELECT s.principal, s.requester, s.remote_ip, s.addresses, s.remote_ips, s.sessions, s.bucket, s.events, s.first_seen, s.last_seen, s.controls, s.operations,
       coalesce(f.deletes_after, 0) AS deletes_after, coalesce(f.anonymous_after, 0) AS anonymous_after,
       CASE WHEN f.is_birth THEN 'low'
            WHEN s.is_new_public THEN 'high'
            WHEN (s.is_first OR s.no_history) AND (f.deletes_after >= $few OR f.anonymous_after >= $few AND o.bucket IS NULL) THEN 'high'
            WHEN (s.is_first OR s.is_stranger) AND s.removed >= 2 THEN 'high'
            WHEN s.is_first OR s.no_history THEN 'medium'
            ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN f.is_birth THEN 'the bucket was created at that time' END,
         CASE WHEN s.is_new_public THEN 'from a public network that is new for this principal' END,
         CASE WHEN s.is_first THEN 'never changed settings before' WHEN s.is_stranger THEN 'new principal from the internet in a bucket with earlier activity' WHEN s.no_history THEN 'no earlier days to compare with' END,
         CASE WHEN s.removed > 0 THEN counted(s.removed, 'protection') || ' removed' END,
         CASE WHEN f.deletes_after > 0 THEN counted(f.deletes_after, 'key') || ' deleted by the same principal within two days' END,
         CASE WHEN f.anonymous_after > 0 AND o.bucket IS NULL THEN counted(f.anonymous_after, 'read') || ' without credentials afterwards, none before' END), '; '), '') AS reasons,
       s.evidence
FROM summed s LEFT JOIN followed f ON f.principal = s.principal AND f.bucket = s.bucket AND f.run = s.run
LEFT JOIN opened o ON o.principal = s.principal AND o.bucket = s.bucket AND o.run = s.run
ORDER BY s.controls DESC, s.first_seen, s.principal, s.bucket
