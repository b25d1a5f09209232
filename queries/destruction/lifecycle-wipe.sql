-- title: Mass expiry after a lifecycle rule change
-- question: Did a change of lifecycle rules lead to far more expiries than before?
-- pack: destruction
-- kind: detection
-- severity: high
-- attack: T1485.001
-- parameter: within interval 12 days — time after the change during which expiries count; a seven-day rule can take nine days to take effect
-- parameter: min_expired integer 20 — minimum expiries
-- parameter: times integer 5 — multiple of the busiest earlier day that counts as unusual
-- parameter: missed integer 5 — minimum expired keys requested later for the loss to count as noticed
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
-- column: expired — objects expired
-- column: markers — delete markers created
-- column: expired_first — time of the first one
-- column: expired_last — time of the last one
-- column: usual — expiries on the busiest earlier day
-- column: bytes — size of the objects in bytes
-- column: keys_in_use — expired keys that had been read or written in these logs
-- column: keys_missed — expired keys requested later without success
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Retention introduced on purpose: rated medium if the principal changes settings on other days and nobody used the expired objects.
-- cannot tell: The rule's content: CloudTrail has PutBucketLifecycle with its parameters.
-- next: Disable the rule at once: S3 keeps expiring objects until you do. Restore earlier versions if the bucket has versioning.
-- source: Reports on ransom that marks objects for deletion within a week
-- source: Published attack techniques

WITH changes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.action, r.record, r.request_time, r.log_file, r.log_line,
         d.days_before >= 2 AND d.change_days_before = 0 AS is_first, d.days_before < 2 AS no_history,
         coalesce(o.is_new AND o.is_public, false) AS is_new_public,
         -- A stranger: a new principal from the internet in a bucket with earlier activity.
         d.days_before < 2 AND d.bucket_since + INTERVAL '2 days' < d.first_seen AND coalesce(o.is_public, false) AS is_stranger
  FROM requests r JOIN profile_day d ON d.principal = r.principal AND d.bucket = r.bucket AND d.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  WHERE r.operation IN ('REST.PUT.LIFECYCLE', 'REST.DELETE.LIFECYCLE') AND r.action = 'settings_change' AND NOT r.is_aws
),
spans AS (
  SELECT bucket, request_time AS changed_at, lead(request_time) OVER (PARTITION BY bucket ORDER BY request_time) AS changed_again
  FROM (SELECT DISTINCT bucket, request_time FROM changes)
),
expiries AS (SELECT bucket, object, operation, object_size, record, request_time FROM requests WHERE action = 'expire' AND bucket IN (SELECT bucket FROM changes)
),
daily AS (SELECT bucket, day, sum(expiries) AS expiries FROM profile_activity WHERE expiries > 0 GROUP BY 1, 2),
since AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1),
rates AS (
  SELECT s.bucket, s.changed_at, s.changed_again, b.since,
         coalesce(max(CASE WHEN d.day < date_trunc('day', s.changed_at) THEN d.expiries END), 0) AS usual,
         coalesce(max(CASE WHEN d.day >= date_trunc('day', s.changed_at) AND d.day <= s.changed_at + CAST($within AS INTERVAL) AND (s.changed_again IS NULL OR d.day <= s.changed_again) THEN d.expiries END), 0) AS most
  FROM spans s JOIN since b ON b.bucket = s.bucket LEFT JOIN daily d ON d.bucket = s.bucket GROUP BY 1, 2, 3, 4
),
waves AS (SELECT * FROM rates WHERE most >= $times * usual AND most > 0),
-- What an earlier change expired is no baseline: a change soon after it is compared with the days before the first.
chosen AS (
  SELECT r.bucket, r.changed_at, r.changed_again, r.since, min(w.usual) AS usual
  FROM waves w JOIN rates r ON r.bucket = w.bucket AND r.changed_at BETWEEN w.changed_at AND w.changed_at + CAST($within AS INTERVAL)
  WHERE r.most >= $times * w.usual AND r.most > 0 GROUP BY 1, 2, 3, 4
),
hit AS (
  SELECT c.bucket, c.changed_at, c.usual, c.since, e.object, e.operation, e.object_size, e.record, e.request_time
  FROM chosen c JOIN expiries e ON e.bucket = c.bucket AND e.request_time BETWEEN c.changed_at AND c.changed_at + CAST($within AS INTERVAL)
   AND (c.changed_again IS NULL OR e.request_time < c.changed_again)
),
fate AS (
  SELECT h.bucket, h.object, bool_or(r.action IN ('read', 'write') AND NOT r.is_aws AND r.request_time < h.gone_at) AS is_used,
         bool_or(r.http_status = 404 AND r.request_time > h.gone_at) AS is_missed
  FROM (SELECT bucket, object, min(request_time) AS gone_at FROM hit GROUP BY 1, 2) h JOIN requests r ON r.bucket = h.bucket AND r.object = h.object
  WHERE r.action IN ('read', 'write') OR r.http_status = 404 GROUP BY 1, 2
),
effects AS (
  SELECT h.bucket, h.changed_at, h.usual, h.since, count(DISTINCT CASE WHEN h.operation = 'S3.EXPIRE.OBJECT' THEN h.record END) AS expired,
         count(DISTINCT CASE WHEN h.operation = 'S3.CREATE.DELETEMARKER' THEN h.record END) AS markers, min(h.request_time) AS expired_first, max(h.request_time) AS expired_last,
         sum_once(h.object_size, h.record) AS bytes, count(DISTINCT h.object) AS keys, count(DISTINCT CASE WHEN f.is_used THEN h.object END) AS keys_in_use, count(DISTINCT CASE WHEN f.is_missed THEN h.object END) AS keys_missed
  FROM hit h LEFT JOIN fate f ON f.bucket = h.bucket AND f.object = h.object GROUP BY 1, 2, 3, 4
  HAVING count(DISTINCT h.record) >= $min_expired
)
SELECT c.principal, CASE WHEN count(DISTINCT c.requester) = 1 THEN min(c.requester) WHEN c.principal <> 'anonymous' THEN c.principal END AS requester,
       CASE WHEN count(DISTINCT c.remote_ip) = 1 THEN min(c.remote_ip) END AS remote_ip,
       count(DISTINCT c.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT c.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT c.requester) AS sessions, c.bucket, count(DISTINCT c.record) AS events, min(c.request_time) AS first_seen, max(c.request_time) AS last_seen,
       e.expired, e.markers, e.expired_first, e.expired_last, e.usual, e.bytes, e.keys_in_use, e.keys_missed,
       CASE WHEN e.keys_missed >= $missed AND e.keys_missed * 10 >= e.keys THEN 'critical'
            WHEN bool_or(c.is_new_public) OR e.keys_in_use * 5 >= e.keys THEN 'high'
            WHEN bool_or(c.is_first) OR bool_or(c.is_stranger) OR e.since + INTERVAL '1 day' > e.changed_at THEN 'high'
            ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN e.since + INTERVAL '1 day' > e.changed_at THEN 'no earlier days to compare with' WHEN e.usual = 0 THEN 'no expiries before' ELSE 'previously at most ' || counted(e.usual, 'expiry') || ' per day' END,
         CASE WHEN bool_or(c.is_new_public) THEN 'from a public network that is new for this principal' END,
         CASE WHEN bool_or(c.is_first) THEN 'never changed settings before' WHEN bool_or(c.is_stranger) THEN 'new principal from the internet in a bucket with earlier activity' END,
         CASE WHEN e.keys_in_use > 0 THEN counted(e.keys_in_use, 'expired key') || ' had been in use' END,
         CASE WHEN e.keys_missed > 0 THEN counted(e.keys_missed, 'expired key') || ' requested later without success' END), '; '), '') AS reasons,
       evidence(c.log_file, c.log_line, c.request_time) AS evidence
FROM effects e JOIN changes a ON a.bucket = e.bucket AND a.request_time = e.changed_at
-- Other rule changes by the same principal while the rules took effect.
JOIN changes c ON c.bucket = e.bucket AND c.principal = a.principal AND c.request_time BETWEEN e.changed_at AND greatest(e.expired_last, e.changed_at + CAST($within AS INTERVAL))
GROUP BY c.principal, c.bucket, e.changed_at, e.expired, e.markers, e.expired_first, e.expired_last, e.usual, e.bytes, e.keys, e.keys_in_use, e.keys_missed, e.since
ORDER BY e.expired + e.markers DESC, first_seen, c.bucket, c.principal
