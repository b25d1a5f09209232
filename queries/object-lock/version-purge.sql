-- title: Object versions permanently deleted
-- question: Who deleted far more versions by id than usual, and did they list the versions first?
-- pack: object-lock
-- kind: detection
-- severity: high
-- attack: T1485
-- attack: T1490
-- parameter: versions integer 20 — minimum distinct versions
-- parameter: few integer 20 — minimum deletes per day to compare with earlier days
-- parameter: times integer 5 — multiple of the busiest earlier day that counts as unusual
-- parameter: missed integer 5 — minimum deleted keys requested later by others for the loss to count as noticed
-- parameter: keys integer 100 — minimum versions for medium
-- parameter: window interval 6 hours — longest pause within a run of deletes
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
-- column: versions_listed — last time the principal listed versions before the deletes
-- column: keys — distinct keys
-- column: versions — distinct versions
-- column: bytes — size of the objects in bytes
-- column: keys_of_others — distinct keys that the principal did not write
-- column: keys_in_use — keys that others had read or written
-- column: keys_missed — keys that others requested later without success
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Version retention of backup programs that starts within the period, emptied buckets.
-- cannot tell: Whether a version was the last good one; whether Object Lock was bypassed (CloudTrail: bypassGovernanceRetention).
-- next: Suspend the credentials. Deleted versions cannot be restored; look for copies, replicas and backups of the keys.
-- source: Published attack simulations

WITH chosen AS (
  SELECT principal, bucket, day, no_history, is_late, usual, days_with AS delete_days_before FROM profile_unusual
  WHERE measure = 'deletes' AND most >= $few AND most >= $times * usual
),
-- Principals on a new network that no longer use their known networks: they moved.
moved AS (
  SELECT n.principal, n.origin FROM profile_origin n JOIN profile_principal p ON p.principal = n.principal JOIN profile_origin k ON k.principal = n.principal AND k.origin <> n.origin
  WHERE n.is_new AND NOT k.is_new AND p.last_seen > n.first_seen + INTERVAL '2 days' GROUP BY n.principal, n.origin, n.first_seen HAVING max(k.last_seen) < n.first_seen
),
deletes AS (
  SELECT r.principal, r.bucket, r.requester, r.remote_ip, r.object, r.version_id, r.object_size, r.operation, r.record, r.request_time, r.log_file, r.log_line,
         c.no_history, c.is_late AND coalesce(o.is_public, false) AS is_stranger, c.usual, c.delete_days_before, coalesce(o.is_new, false) AS is_new_origin, coalesce(o.is_new AND o.is_public AND m.principal IS NULL, false) AS is_new_public
  FROM requests r JOIN chosen c ON c.principal = r.principal AND c.bucket = r.bucket AND c.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin LEFT JOIN moved m ON m.principal = r.principal AND m.origin = r.origin
  WHERE r.action = 'delete' AND r.version_id IS NOT NULL
),
runs AS (
  SELECT *, sum(CASE WHEN pause > CAST($window AS INTERVAL) THEN 1 ELSE 0 END)
              OVER (PARTITION BY principal, bucket ORDER BY request_time, log_file, log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run
  FROM (SELECT *, request_time - lag(request_time) OVER (PARTITION BY principal, bucket ORDER BY request_time, log_file, log_line) AS pause FROM deletes)
),
gone AS (SELECT bucket, object, principal, min(request_time) AS gone_at FROM deletes GROUP BY 1, 2, 3),
-- Earlier use of these keys, and requests for them afterwards.
fate AS (
  SELECT g.bucket, g.object, g.principal,
         bool_or(r.principal = g.principal AND r.action = 'write' AND r.request_time <= g.gone_at) AS is_own,
         bool_or(r.principal <> g.principal AND r.action IN ('write', 'read') AND r.request_time <= g.gone_at) AS is_used,
         bool_or(r.principal <> g.principal AND r.action IS NULL AND r.http_status = 404 AND r.request_time > g.gone_at) AS is_missed
  FROM gone g JOIN requests r ON r.bucket = g.bucket AND r.object = g.object
  WHERE r.action IN ('write', 'read') OR r.http_status = 404
  GROUP BY 1, 2, 3
),
removed AS (SELECT bucket, max(request_time) AS removed_at FROM requests WHERE action = 'bucket_delete' GROUP BY 1),
listings AS (SELECT principal, bucket, request_time FROM requests WHERE operation = 'REST.GET.BUCKETVERSIONS' AND action = 'list'),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions,
         r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
         count(DISTINCT r.object) AS keys, count(DISTINCT r.version_id) AS versions, sum_once(r.object_size, r.record) AS bytes, count(DISTINCT CASE WHEN r.version_id IS NOT NULL THEN r.record END) AS version_targeted,
         array_sort(array_agg(DISTINCT r.operation)) AS operations,
         count(DISTINCT CASE WHEN f.is_own THEN NULL ELSE r.object END) AS keys_of_others,
         count(DISTINCT CASE WHEN f.is_used AND f.is_own IS NOT TRUE THEN r.object END) AS keys_in_use,
         count(DISTINCT CASE WHEN f.is_missed THEN r.object END) AS keys_missed,
         bool_or(r.no_history) AS no_history, bool_or(r.is_stranger) AS is_stranger, max(r.usual) AS usual, max(r.delete_days_before) AS delete_days_before,
         bool_or(l.principal IS NOT NULL) AS is_listed,
         bool_or(r.is_new_origin) AS is_new_origin, bool_or(r.is_new_public) AS is_new_public, bool_or(b.removed_at >= r.request_time) AS is_removed,
         evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM runs r LEFT JOIN fate f ON f.bucket = r.bucket AND f.object = r.object AND f.principal = r.principal
  LEFT JOIN removed b ON b.bucket = r.bucket
  LEFT JOIN (SELECT DISTINCT r.principal, r.bucket, r.run FROM runs r JOIN listings l ON l.principal = r.principal AND l.bucket = r.bucket AND r.request_time BETWEEN l.request_time AND l.request_time + INTERVAL '1 day') l ON l.principal = r.principal AND l.bucket = r.bucket AND l.run = r.run
  GROUP BY r.principal, r.bucket, r.run
),

judged AS (
  SELECT *,
         CASE WHEN keys_missed >= $missed AND keys_missed * 10 >= keys AND keys_of_others >= $few AND delete_days_before = 0 AND NOT coalesce(is_removed, false) THEN 'critical'
              WHEN is_new_public AND versions >= 10 THEN 'high'
              WHEN no_history AND keys_of_others >= $keys AND (keys_in_use * 2 >= keys OR keys_missed >= $missed) THEN 'high'
              WHEN is_stranger AND keys_of_others >= $few AND versions >= $few AND NOT coalesce(is_removed, false) THEN 'high'
              WHEN no_history AND keys_of_others >= $versions AND is_listed AND NOT coalesce(is_removed, false) THEN 'high'
              WHEN NOT no_history AND delete_days_before = 0 AND keys_of_others >= $few AND keys_in_use * 5 >= keys THEN 'high'
              WHEN NOT no_history AND keys_missed >= $missed AND keys_missed * 10 >= keys AND keys_of_others >= $few THEN 'high'
              WHEN versions >= $keys AND keys_of_others * 2 >= keys THEN 'medium'
              ELSE 'low' END AS severity,
         nullif(array_to_string(make_array(
           CASE WHEN is_new_public THEN 'from a public network that is new for this principal' WHEN is_new_origin THEN 'from a network that is new for this principal' END,
           CASE WHEN is_stranger THEN 'new principal from the internet in a bucket with earlier activity' END,
           CASE WHEN no_history THEN 'no earlier days to compare with' WHEN delete_days_before = 0 THEN 'never deleted in this bucket before' ELSE 'previously at most ' || usual || ' deletes per day' END,
           CASE WHEN version_targeted > 0 THEN version_targeted || ' versions permanently deleted' END,
           CASE WHEN keys_in_use > 0 THEN keys_in_use || ' keys that others had read or written' END,
           CASE WHEN keys_missed > 0 THEN 'others requested ' || keys_missed || ' of the deleted keys later without success' END,
           CASE WHEN is_removed THEN 'the bucket was deleted afterwards' END), '; '), '') AS reasons
  FROM summed
)

SELECT j.principal, j.requester, j.remote_ip, j.addresses, j.remote_ips, j.sessions, j.bucket, j.events, j.first_seen, j.last_seen,
       max(l.request_time) AS versions_listed, j.keys, j.versions, j.bytes, j.keys_of_others, j.keys_in_use, j.keys_missed, j.severity, j.reasons, j.evidence
FROM judged j LEFT JOIN listings l ON l.principal = j.principal AND l.bucket = j.bucket AND l.request_time <= j.first_seen
WHERE j.versions >= $versions
GROUP BY j.principal, j.requester, j.remote_ip, j.addresses, j.remote_ips, j.sessions, j.bucket, j.events, j.first_seen, j.last_seen, j.keys, j.versions, j.bytes, j.keys_of_others, j.keys_in_use, j.keys_missed, j.severity, j.reasons, j.evidence
ORDER BY j.versions DESC, j.first_seen, j.principal, j.bucket
