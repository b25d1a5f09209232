-- title: Public exposure of a bucket
-- question: When was a bucket publicly readable, who opened and closed it each time, and what was read?
-- pack: exposure
-- kind: detection
-- severity: high
-- attack: T1530
-- parameter: grace interval 5 minutes — how much later than the first anonymous read the opening change may be logged
-- parameter: gap interval 1 day — longest pause within an exposure
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
-- source: Own

WITH changes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.action, r.record, r.request_time, r.log_file, r.log_line,
         d.days_before >= 2 AND d.change_days_before = 0 AS is_first, d.days_before < 2 AS no_history,
         coalesce(o.is_new AND o.is_public, false) AS is_new_public,
         -- A stranger: not seen before, although the bucket was, and from the internet.
         d.days_before < 2 AND d.bucket_since + INTERVAL '2 days' < d.first_seen AND coalesce(o.is_public, false) AS is_stranger
  FROM requests r JOIN profile_day d ON d.principal = r.principal AND d.bucket = r.bucket AND d.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  WHERE r.action = 'access_change' AND r.object IS NULL AND NOT r.is_aws
),
reads AS (
  SELECT r.bucket, r.object, r.remote_ip, r.bytes_sent, r.action, r.record, r.request_time, r.log_file, r.log_line,
         request_time - lag(request_time) OVER (PARTITION BY bucket ORDER BY request_time, log_file, log_line) AS pause
  FROM requests r WHERE r.principal = 'anonymous' AND r.action IN ('read', 'list') AND r.operation <> 'WEBSITE.GET.OBJECT'
),
episodes AS (
  SELECT *, sum(CASE WHEN pause > CAST($gap AS INTERVAL) THEN 1 ELSE 0 END) OVER (PARTITION BY bucket ORDER BY request_time, log_file, log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS episode FROM reads
),
summed AS (
  SELECT r.bucket, r.episode, CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip, count(DISTINCT r.remote_ip) AS addresses,
         array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
         count(DISTINCT r.object) AS keys, count(*) FILTER (WHERE r.action = 'list') AS lists, sum(r.bytes_sent) AS bytes, evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM episodes r GROUP BY 1, 2
),
since AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1),
brackets AS (
  SELECT s.bucket, s.episode, max(c.request_time) FILTER (WHERE c.request_time <= s.first_seen + CAST($grace AS INTERVAL)) AS opened_not_before,
         min(c.request_time) FILTER (WHERE c.request_time >= s.last_seen) AS closed_not_after
  FROM summed s LEFT JOIN changes c ON c.bucket = s.bucket GROUP BY 1, 2
),
openers AS (
  SELECT b.bucket, b.episode, min(c.principal) AS opened_by, bool_or(c.is_first OR c.no_history) AS is_unusual, bool_or(c.is_new_public) AS is_new_public
  FROM brackets b JOIN changes c ON c.bucket = b.bucket AND c.request_time = b.opened_not_before GROUP BY 1, 2
)
SELECT 'anonymous' AS principal, CAST(NULL AS VARCHAR) AS requester, s.remote_ip, s.addresses, s.remote_ips, CAST(0 AS BIGINT) AS sessions, s.bucket, s.events, s.first_seen, s.last_seen,
       o.opened_by, b.opened_not_before, b.closed_not_after, s.keys, s.bytes,
       CASE WHEN s.first_seen < a.since + INTERVAL '2 days' AND (b.opened_not_before IS NULL OR b.opened_not_before < s.first_seen - INTERVAL '2 days') THEN 'low'
            WHEN o.is_new_public THEN 'high' WHEN o.is_unusual AND (s.keys >= 10 OR s.lists > 0) AND b.opened_not_before >= s.first_seen - INTERVAL '7 days' THEN 'high'
            ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN s.first_seen < a.since + INTERVAL '2 days' THEN 'open since the logs begin' ELSE 'nobody read it without credentials before' END,
         CASE WHEN o.is_new_public THEN 'opened from a public network that is new for its principal' END,
         CASE WHEN o.is_unusual THEN 'opened by somebody who did not change settings before' END, CASE WHEN s.lists > 0 THEN s.lists || ' listings' END), '; '), '') AS reasons,
       s.evidence
FROM summed s JOIN brackets b ON b.bucket = s.bucket AND b.episode = s.episode JOIN since a ON a.bucket = s.bucket
LEFT JOIN openers o ON o.bucket = s.bucket AND o.episode = s.episode
ORDER BY s.bytes DESC NULLS LAST, s.bucket, s.first_seen
