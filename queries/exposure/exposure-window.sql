-- title: Public exposure of a bucket
-- question: When was a bucket publicly readable, who opened and closed it each time, and what was read?
-- pack: exposure
-- kind: detection
-- severity: high
-- attack: T1530
-- parameter: grace interval 5 minutes — how much later than the first anonymous read the opening change may be logged
-- parameter: gap interval 1 day — longest pause within an exposure
-- parameter: within interval 7 days — time before the first read in which a change of access may have opened the bucket
-- parameter: few integer 10 — minimum distinct keys if whoever opened the bucket never changed settings before: people share fewer files by hand
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
-- column: opened_by — last principal to change the access before
-- column: opened_not_before — when
-- column: closed_not_after — first access change after the last read
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Buckets that are public on purpose: rated low if they were from the beginning.
-- cannot tell: The content of a policy or ACL: CloudTrail has PutBucketPolicy and PutBucketAcl with their bodies.
-- next: Close the bucket, list what was read with retrieved-objects, and ask who opened it and why.
-- source: AWS documentation
-- source: saltmine

WITH reads AS (
  SELECT r.bucket, r.object, r.remote_ip, r.bytes_sent, r.action, r.operation, r.record, r.request_time, r.log_file, r.log_line
  FROM requests r WHERE r.principal = 'anonymous' AND r.action IN ('read', 'list')
),
changes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.action, r.record, r.request_time, r.log_file, r.log_line,
         d.days_before >= 2 AND d.change_days_before = 0 AS is_first, d.days_before < 2 AS no_history,
         coalesce(o.is_new AND o.is_public, false) AS is_new_public
  FROM requests r JOIN profile_day d ON d.principal = r.principal AND d.bucket = r.bucket AND d.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  -- An object's ACL opens that object only.
  LEFT JOIN (SELECT DISTINCT bucket, object FROM reads) k ON k.bucket = r.bucket AND k.object = r.object
  WHERE (r.action = 'access_change' OR r.operation = 'REST.PUT.WEBSITE' AND r.action IS NOT NULL) AND (r.object IS NULL OR k.object IS NOT NULL) AND NOT r.is_aws
),
episodes AS (
  SELECT *, sum(CASE WHEN pause > CAST($gap AS INTERVAL) THEN 1 ELSE 0 END) OVER (PARTITION BY bucket ORDER BY request_time, log_file, log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS episode
  FROM (SELECT *, request_time - lag(request_time) OVER (PARTITION BY bucket ORDER BY request_time, log_file, log_line) AS pause FROM reads)
),
summed AS (
  SELECT r.bucket, r.episode, CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip, count(DISTINCT r.remote_ip) AS addresses,
         array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
         count(DISTINCT r.object) AS keys, bool_and(r.operation = 'WEBSITE.GET.OBJECT') AS is_website, count(DISTINCT CASE WHEN r.action = 'list' THEN r.record END) AS lists, sum_once(r.bytes_sent, r.record) AS bytes, evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM episodes r GROUP BY 1, 2
),
ordered AS (SELECT *, lag(last_seen) OVER (PARTITION BY bucket ORDER BY first_seen) AS open_before FROM summed),
since AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1),
births AS (SELECT bucket, min(request_time) AS made_at FROM requests WHERE action = 'bucket_create' GROUP BY 1),
brackets AS (
  SELECT s.bucket, s.episode, max(c.request_time) FILTER (WHERE c.request_time <= s.first_seen + CAST($grace AS INTERVAL)) AS opened_not_before,
         min(c.request_time) FILTER (WHERE c.request_time >= s.last_seen) AS closed_not_after
  FROM ordered s LEFT JOIN changes c ON c.bucket = s.bucket GROUP BY 1, 2
),
-- Changes that may have opened the bucket (after the previous exposure), and changes during the exposure.
opening AS (
  SELECT s.episode, c.request_time <= s.first_seen + CAST($grace AS INTERVAL) AS is_before, c.* FROM ordered s JOIN changes c ON c.bucket = s.bucket
  WHERE c.request_time BETWEEN s.first_seen - CAST($within AS INTERVAL) AND greatest(s.last_seen, s.first_seen + CAST($grace AS INTERVAL)) AND (s.open_before IS NULL OR c.request_time >= s.open_before)
),
openers AS (
  SELECT bucket, episode, first_value(principal ORDER BY request_time DESC, record) AS opened_by, bool_or(is_first OR no_history) AS is_unusual, bool_or(is_new_public) AS is_new_public FROM opening WHERE is_before GROUP BY 1, 2
),
judged AS (
  SELECT s.*, o.opened_by, b.opened_not_before, b.closed_not_after,
       CASE WHEN s.first_seen < a.since + INTERVAL '2 days' AND (b.opened_not_before IS NULL OR b.opened_not_before < s.first_seen - INTERVAL '2 days') THEN 'low'
            WHEN s.open_before IS NOT NULL AND o.bucket IS NULL THEN 'low'
            WHEN o.is_new_public THEN 'high'
            WHEN m.made_at >= s.first_seen - CAST($within AS INTERVAL) THEN 'medium'
            WHEN o.is_unusual AND (s.keys >= $few OR s.lists > 0) THEN 'high'
            ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN s.first_seen < a.since + INTERVAL '2 days' THEN 'open since the start of the logs' WHEN s.open_before IS NOT NULL THEN 'read without credentials before' ELSE 'nobody read it without credentials before' END,
         CASE WHEN m.made_at >= s.first_seen - CAST($within AS INTERVAL) THEN 'the bucket was created at that time' END,
         CASE WHEN o.is_new_public THEN 'opened from a public network that is new for its principal' END,
         CASE WHEN o.is_unusual THEN 'opened by someone who never changed settings before' END, CASE WHEN s.lists > 0 THEN counted(s.lists, 'listing') END), '; '), '') AS reasons
  FROM ordered s JOIN brackets b ON b.bucket = s.bucket AND b.episode = s.episode JOIN since a ON a.bucket = s.bucket LEFT JOIN births m ON m.bucket = s.bucket
  LEFT JOIN openers o ON o.bucket = s.bucket AND o.episode = s.episode
)
SELECT 'anonymous' AS principal, CAST(NULL AS VARCHAR) AS requester, remote_ip, addresses, remote_ips, CAST(0 AS BIGINT) AS sessions, bucket, events, first_seen, last_seen,
       opened_by, opened_not_before, closed_not_after, keys, bytes, severity, reasons, evidence
-- A website that was always open is public on purpose.
FROM judged WHERE NOT (is_website AND severity = 'low')
UNION ALL
-- Who opened it.
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
       r.principal AS opened_by, max(r.request_time) AS opened_not_before, CAST(NULL AS TIMESTAMP) AS closed_not_after, CAST(NULL AS BIGINT) AS keys, CAST(NULL AS BIGINT) AS bytes, j.severity,
       'changed access to the bucket before it was read without credentials' AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM opening r JOIN judged j ON j.bucket = r.bucket AND j.episode = r.episode
WHERE j.severity = 'high'
GROUP BY r.principal, r.bucket, r.episode, j.severity
HAVING bool_or(r.is_before AND (r.is_first OR r.no_history OR r.is_new_public))
ORDER BY 7, 9, 1
