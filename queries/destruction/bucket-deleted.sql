-- title: Buckets deleted
-- question: Which buckets were deleted, by whom, and is that usual for them?
-- pack: destruction
-- kind: detection
-- severity: high
-- attack: T1485
-- parameter: few integer 2 — minimum buckets per day for high, even for principals that change settings regularly
-- column: principal — who acted, independent of the session: role, user or person
-- column: requester — the requester if there is only one, otherwise the principal; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — the bucket if there is only one, otherwise null
-- column: buckets — number of buckets
-- column: names — up to ten names
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: deleted_before — keys that the principal deleted in these buckets on the day before
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Buckets retired by the principals that manage them.
-- cannot tell: Whether someone else has taken the name since: our logs do not cover other accounts' buckets.
-- next: Recreate the bucket under its name at once, before someone else does, and restore it from copies.
-- source: Reports on extortion by deleted buckets

WITH changes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.action, r.record, r.request_time, r.log_file, r.log_line,
         d.days_before >= 2 AND d.change_days_before = 0 AS is_first, d.days_before < 2 AS no_history,
         coalesce(o.is_new AND o.is_public, false) AS is_new_public,
         -- A stranger: a new principal from the internet in a bucket with earlier activity.
         d.days_before < 2 AND d.bucket_since + INTERVAL '2 days' < d.first_seen AND coalesce(o.is_public, false) AS is_stranger
  FROM requests r JOIN profile_day d ON d.principal = r.principal AND d.bucket = r.bucket AND d.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  WHERE r.action = 'bucket_delete' AND NOT r.is_aws
),
emptied AS (
  SELECT c.principal, c.bucket, count(DISTINCT r.object) AS keys FROM changes c JOIN requests r ON r.bucket = c.bucket AND r.principal = c.principal AND r.action = 'delete'
   AND r.request_time BETWEEN c.request_time - INTERVAL '1 day' AND c.request_time GROUP BY 1, 2
),
-- Keys that others read or wrote on the day before.
in_use AS (
  SELECT DISTINCT c.bucket FROM changes c JOIN profile_activity a ON a.bucket = c.bucket AND a.principal <> c.principal AND NOT a.is_aws AND a.reads + a.writes > 0
   AND a.last_seen BETWEEN c.request_time - INTERVAL '1 day' AND c.request_time
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, CASE WHEN count(DISTINCT r.bucket) = 1 THEN min(r.bucket) END AS bucket, count(DISTINCT r.bucket) AS buckets,
       array_slice(array_sort(array_agg(DISTINCT r.bucket)), 1, 10) AS names, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
       coalesce(sum(e.keys), 0) AS deleted_before,
       CASE WHEN bool_or(r.is_new_public) OR bool_or(r.no_history) OR bool_or(r.is_first AND u.bucket IS NOT NULL) THEN 'high'
            WHEN count(DISTINCT r.bucket) >= $few AND coalesce(sum(e.keys), 0) > 0 THEN 'high' ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN bool_or(r.is_new_public) THEN 'from a public network that is new for this principal' END,
         CASE WHEN bool_or(r.is_first) THEN 'never changed settings before' WHEN bool_or(r.no_history) THEN 'no earlier days to compare with' ELSE 'changed settings on earlier days' END,
         CASE WHEN bool_or(u.bucket IS NOT NULL) THEN 'used by others on the day before' END,
         CASE WHEN sum(e.keys) > 0 THEN counted(sum(e.keys), 'key') || ' deleted by the same principal beforehand' END), '; '), '') AS reasons,
       evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM changes r LEFT JOIN in_use u ON u.bucket = r.bucket LEFT JOIN emptied e ON e.principal = r.principal AND e.bucket = r.bucket
GROUP BY r.principal, date_trunc('day', r.request_time)
ORDER BY buckets DESC, first_seen, r.principal
