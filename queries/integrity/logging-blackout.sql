-- title: Logs stop after a logging change
-- question: Did a bucket's logs pause or end after its logging configuration was changed?
-- pack: integrity
-- kind: detection
-- severity: high
-- attack: T1685.002
-- parameter: within interval 90 minutes — longest time between the change and the start of the gap
-- parameter: times integer 3 — multiple of the longest usual pause that counts as a gap
-- parameter: least integer 30 — shortest gap in minutes
-- parameter: expected float 10 — average number of records in the same hours of the week before; with ten, one gap in 20,000 occurs by chance
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
-- column: silent_from — last record before the gap
-- column: silent_to — first record after the gap; null if the bucket's logs end
-- column: usual_pause — longest pause in the week before, in minutes
-- column: expected — average records in the same hours of the days before; null if the logs end
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Logs that are now delivered elsewhere. The end of the collection: rated medium if all buckets end at that time.
-- cannot tell: Whether logging was disabled or redirected: CloudTrail has PutBucketLogging with its parameters.
-- next: Check CloudTrail data events for the gap. Enable logging again, and treat what happened in the gap as unknown.
-- source: Published rules see only the event; the comparison is by saltmine

WITH around AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.action, r.record, r.request_time, r.log_file, r.log_line,
         d.days_before >= 2 AND d.change_days_before = 0 AS is_first, d.days_before < 2 AS no_history,
         coalesce(o.is_new AND o.is_public, false) AS is_new_public,
         -- A stranger: a new principal from the internet in a bucket with earlier activity.
         d.days_before < 2 AND d.bucket_since + INTERVAL '2 days' < d.first_seen AND coalesce(o.is_public, false) AS is_stranger
  FROM requests r JOIN profile_day d ON d.principal = r.principal AND d.bucket = r.bucket AND d.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  WHERE r.action IN ('settings_change', 'access_change') AND r.object IS NULL AND NOT r.is_aws
    AND r.bucket IN (SELECT bucket FROM requests WHERE operation = 'REST.PUT.LOGGING_STATUS' AND action = 'settings_change')
),
changes AS (SELECT * FROM around WHERE operation = 'REST.PUT.LOGGING_STATUS'),
counted AS (
  SELECT r.bucket, date_trunc('minute', r.request_time) AS minute, count(DISTINCT r.record) AS records FROM requests r
  WHERE r.bucket IN (SELECT bucket FROM changes) GROUP BY 1, 2
),
minutes AS (SELECT bucket, minute FROM counted),
gaps AS (
  SELECT bucket, minute, next, (date_part('epoch', next) - date_part('epoch', minute)) / 60 AS pause
  FROM (SELECT bucket, minute, lead(minute) OVER (PARTITION BY bucket ORDER BY minute) AS next FROM minutes)
),
-- The bucket's longest earlier pause.
usual AS (
  SELECT c.bucket, c.request_time AS changed_at, max(g.pause) AS usual_pause, count(*) AS minutes, min(g.minute) AS since
  FROM (SELECT DISTINCT bucket, request_time FROM changes) c JOIN gaps g ON g.bucket = c.bucket
  WHERE g.next <= c.request_time AND g.minute >= c.request_time - INTERVAL '7 days' GROUP BY 1, 2
),
-- Records in the same hours of the seven days before.
same_hours AS (
  SELECT u.bucket, u.changed_at, g.minute, sum(d.records) / 7.0 AS expected
  FROM usual u JOIN gaps g ON g.bucket = u.bucket AND g.minute >= date_trunc('minute', u.changed_at) AND g.minute <= u.changed_at + CAST($within AS INTERVAL) AND g.pause >= $least
  CROSS JOIN (VALUES (INTERVAL '1 day'), (INTERVAL '2 days'), (INTERVAL '3 days'), (INTERVAL '4 days'), (INTERVAL '5 days'), (INTERVAL '6 days'), (INTERVAL '7 days')) AS s (back)
  JOIN counted d ON d.bucket = u.bucket AND d.minute > g.minute - s.back AND d.minute < least(g.next, g.minute + INTERVAL '1 day') - s.back
  GROUP BY 1, 2, 3
),
ending AS (SELECT bucket, max(last_seen) AS last_seen FROM profile_activity GROUP BY 1),
silences AS (
  SELECT u.bucket, u.changed_at, u.usual_pause, g.minute AS silent_from, g.next AS silent_to, h.expected,
         (SELECT count(*) FROM ending) AS buckets, (SELECT max(last_seen) FROM ending) AS end_of_all,
         row_number() OVER (PARTITION BY u.bucket, g.minute ORDER BY u.changed_at DESC) AS nearest
  FROM usual u JOIN gaps g ON g.bucket = u.bucket AND g.minute >= date_trunc('minute', u.changed_at) AND g.minute <= u.changed_at + CAST($within AS INTERVAL)
  LEFT JOIN same_hours h ON h.bucket = u.bucket AND h.changed_at = u.changed_at AND h.minute = g.minute
  -- Recognising a gap needs a day of steady records before it.
  WHERE u.changed_at - u.since >= INTERVAL '20 hours' AND u.minutes >= 50
    AND (g.next IS NULL OR g.pause >= $least AND (g.pause >= $times * u.usual_pause OR h.expected >= $expected))
)
SELECT c.principal, CASE WHEN count(DISTINCT c.requester) = 1 THEN min(c.requester) WHEN c.principal <> 'anonymous' THEN c.principal END AS requester,
       CASE WHEN count(DISTINCT c.remote_ip) = 1 THEN min(c.remote_ip) END AS remote_ip,
       count(DISTINCT c.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT c.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT c.requester) AS sessions, c.bucket, count(DISTINCT c.record) AS events, min(c.request_time) AS first_seen, max(c.request_time) AS last_seen,
       s.silent_from, s.silent_to, CAST(s.usual_pause AS BIGINT) AS usual_pause, CAST(round(s.expected) AS BIGINT) AS expected,
       CASE WHEN s.silent_to IS NULL AND s.buckets > 1 AND date_part('epoch', s.end_of_all) < date_part('epoch', s.silent_from) + 60 * greatest($least, $times * s.usual_pause) THEN 'medium' ELSE 'high' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN s.silent_to IS NULL THEN 'the logs of the bucket end with this change' WHEN (date_part('epoch', s.silent_to) - date_part('epoch', s.silent_from)) / 60 >= $times * s.usual_pause THEN 'no gap of this length in the week before'
              ELSE concat('the same hours had ', CAST(round(s.expected) AS BIGINT), ' records per day in the week before') END,
         CASE WHEN bool_or(c.is_new_public) THEN 'from a public network that is new for this principal' END,
         CASE WHEN bool_or(c.is_first) THEN 'never changed settings before' END), '; '), '') AS reasons,
       evidence(c.log_file, c.log_line, c.request_time) AS evidence
FROM silences s JOIN changes a ON a.bucket = s.bucket AND a.request_time = s.changed_at
-- Changes by the same principal on the day before and after belong to it, and so does the change that ends the gap.
JOIN around c ON c.bucket = s.bucket AND c.principal = a.principal AND c.request_time BETWEEN s.changed_at - INTERVAL '1 day' AND coalesce(s.silent_to, s.changed_at) + INTERVAL '1 day'
WHERE s.nearest = 1
GROUP BY c.principal, c.bucket, s.silent_from, s.silent_to, s.usual_pause, s.expected, s.buckets, s.end_of_all
ORDER BY s.silent_from, c.bucket, c.principal
