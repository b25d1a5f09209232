-- Runs of deletes on days far above what is usual for their principal and bucket, with the effect on others, severity and reasons.
-- The table `candidates` has the deletes to examine; its column `target` is what thresholds count: keys or versions.
chosen AS (
  SELECT principal, bucket, day, no_history, is_late, usual, days_with AS delete_days_before FROM profile_unusual
  WHERE measure = 'deletes' AND most >= $few AND most >= $times * usual
),
-- Principals on a new network that no longer use their known networks: they moved.
moved AS (
  SELECT n.principal, n.origin FROM profile_origin n JOIN profile_principal p ON p.principal = n.principal JOIN profile_origin k ON k.principal = n.principal AND k.origin <> n.origin
  WHERE n.is_new AND NOT k.is_new AND p.last_seen > n.first_seen + INTERVAL '2 days' GROUP BY n.principal, n.origin, n.first_seen HAVING max(k.last_seen) < n.first_seen
),
deletes AS (
  SELECT r.principal, r.bucket, r.requester, r.remote_ip, r.object, r.version_id, r.target, r.object_size, r.operation, r.record, r.request_time, r.log_file, r.log_line,
         c.no_history, c.is_late AND coalesce(o.is_public, false) AS is_stranger, c.usual, c.delete_days_before, coalesce(o.is_new, false) AS is_new_origin, coalesce(o.is_new AND o.is_public AND m.principal IS NULL, false) AS is_new_public
  FROM candidates r JOIN chosen c ON c.principal = r.principal AND c.bucket = r.bucket AND c.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin LEFT JOIN moved m ON m.principal = r.principal AND m.origin = r.origin
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
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
         CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
         count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
         count(DISTINCT r.requester) AS sessions, r.bucket, r.run, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
         count(DISTINCT r.object) AS keys, count(DISTINCT r.version_id) AS versions, count(DISTINCT r.target) AS targets, sum_once(r.object_size, r.record) AS bytes, count(DISTINCT CASE WHEN r.version_id IS NOT NULL THEN r.record END) AS version_targeted,
         array_sort(array_agg(DISTINCT r.operation)) AS operations,
         count(DISTINCT CASE WHEN f.is_own THEN NULL ELSE r.object END) AS keys_of_others,
         count(DISTINCT CASE WHEN f.is_used AND f.is_own IS NOT TRUE THEN r.object END) AS keys_in_use,
         count(DISTINCT CASE WHEN f.is_missed THEN r.object END) AS keys_missed,
         bool_or(r.no_history) AS no_history, bool_or(r.is_stranger) AS is_stranger, max(r.usual) AS usual, max(r.delete_days_before) AS delete_days_before,
         bool_or(r.is_new_origin) AS is_new_origin, bool_or(r.is_new_public) AS is_new_public, bool_or(b.removed_at >= r.request_time) AS is_removed,
         evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM runs r LEFT JOIN fate f ON f.bucket = r.bucket AND f.object = r.object AND f.principal = r.principal
  LEFT JOIN removed b ON b.bucket = r.bucket
  GROUP BY r.principal, r.bucket, r.run
),
judged AS (
  SELECT *,
         CASE WHEN keys_missed >= $missed AND keys_missed * 10 >= keys AND keys_of_others >= $few AND delete_days_before = 0 AND NOT coalesce(is_removed, false) THEN 'critical'
              WHEN is_new_public AND targets >= 10 THEN 'high'
              WHEN no_history AND keys_of_others >= $keys AND (keys_in_use * 2 >= keys OR keys_missed >= $missed) THEN 'high'
              WHEN is_stranger AND keys_of_others >= $few AND targets >= $few AND NOT coalesce(is_removed, false) THEN 'high'
              WHEN NOT no_history AND delete_days_before = 0 AND keys_of_others >= $few AND keys_in_use * 5 >= keys THEN 'high'
              WHEN NOT no_history AND keys_missed >= $missed AND keys_missed * 10 >= keys AND keys_of_others >= $few THEN 'high'
              WHEN targets >= $keys AND keys_of_others * 2 >= keys THEN 'medium'
              ELSE 'low' END AS severity,
         nullif(array_to_string(make_array(
           CASE WHEN is_new_public THEN 'from a public network that is new for this principal' WHEN is_new_origin THEN 'from a network that is new for this principal' END,
           CASE WHEN is_stranger THEN 'new principal from the internet in a bucket with earlier activity' END,
           CASE WHEN no_history THEN 'no earlier days to compare with' WHEN delete_days_before = 0 THEN 'never deleted in this bucket before' ELSE 'previously at most ' || counted(usual, 'delete') || ' per day' END,
           CASE WHEN version_targeted > 0 THEN counted(version_targeted, 'version') || ' permanently deleted' END,
           CASE WHEN keys_in_use > 0 THEN counted(keys_in_use, 'key') || ' that others had read or written' END,
           CASE WHEN keys_missed > 0 THEN 'others requested ' || counted(keys_missed, 'deleted key') || ' later without success' END,
           CASE WHEN is_removed THEN 'the bucket was deleted afterwards' END), '; '), '') AS reasons
  FROM summed
),
