-- title: Bucket used by a new external account
-- question: Which account that was never seen before reads or writes a bucket, who granted it access, and was that usual for them?
-- pack: exposure
-- kind: detection
-- severity: high
-- attack: T1530
-- attack: T1098
-- attack: T1537
-- parameter: keys integer 5 — minimum distinct keys or listings
-- parameter: within interval 7 days — longest time between the access change and the first use
-- parameter: open integer 3 — minimum external accounts in the first two days for a bucket to count as shared by design
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
-- column: account — the account, or the canonical id
-- column: opened_by — last principal to change the access before
-- column: opened_at — when
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Partners and vendors given access on purpose: rated medium if done by a principal that changes settings on other days; low if the bucket is public.
-- cannot tell: The content of the policy, and who owns the account: CloudTrail has PutBucketPolicy.
-- next: Find out who owns the account. Remove it from the policy, and list what it read with retrieved-objects.
-- source: Published simulations of policies that let others in
-- source: saltmine

WITH named AS (
  SELECT *, coalesce(regexp_match(principal, '^([0-9]{12}):')[1], account_id(principal), principal) AS account FROM profile_activity
  WHERE NOT is_aws AND principal <> 'anonymous' AND (origin IS DISTINCT FROM 'link')
),
logs_since AS (SELECT min(first_seen) AS since FROM profile_activity),
accounts AS (SELECT account, min(CASE WHEN reads + lists + writes + deletes > 0 THEN first_seen END) AS since, sum(settings_changed) AS changes FROM named GROUP BY 1),
buckets AS (SELECT bucket, min(first_seen) AS since, bool_or(principal = 'anonymous' AND reads > 0) AS is_public FROM profile_activity GROUP BY 1),
early AS (SELECT n.bucket, count(DISTINCT n.account) AS accounts FROM named n JOIN buckets b ON b.bucket = n.bucket AND n.first_seen < b.since + INTERVAL '2 days' GROUP BY 1),
fresh AS (
  SELECT n.bucket, n.account, min(CASE WHEN n.reads + n.lists + n.writes + n.deletes > 0 THEN n.first_seen END) AS since
  FROM named n JOIN accounts a ON a.account = n.account JOIN buckets b ON b.bucket = n.bucket CROSS JOIN logs_since l
  WHERE a.since >= l.since + INTERVAL '2 days' AND a.since >= b.since + INTERVAL '2 days' AND a.changes = 0 GROUP BY 1, 2
),
changes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.record, r.request_time, r.log_file, r.log_line,
         d.days_before >= 2 AND d.change_days_before = 0 OR d.days_before < 2 AND d.bucket_since + INTERVAL '2 days' < d.first_seen AS is_first, coalesce(o.is_new AND o.is_public, false) AS is_new_public, f.account, f.since
  FROM fresh f JOIN requests r ON r.bucket = f.bucket AND r.request_time BETWEEN f.since - CAST($within AS INTERVAL) AND f.since
  JOIN profile_day d ON d.principal = r.principal AND d.bucket = r.bucket AND d.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  WHERE r.action = 'access_change' AND r.object IS NULL AND NOT r.is_aws
),
openers AS (
  SELECT bucket, account, first_value(principal ORDER BY request_time DESC, record) AS opened_by, max(request_time) AS opened_at, bool_or(is_first) AS is_first, bool_or(is_new_public) AS is_new_public FROM changes GROUP BY 1, 2
),
hits AS (
  SELECT r.*, f.account, f.since AS used_since FROM fresh f JOIN requests r ON r.bucket = f.bucket AND r.request_time >= f.since
  WHERE NOT r.is_aws AND (r.origin IS DISTINCT FROM 'link') AND r.action IS NOT NULL AND coalesce(regexp_match(r.principal, '^([0-9]{12}):')[1], account_id(r.principal), r.principal) = f.account
),
summed AS (
  SELECT CASE WHEN count(DISTINCT r.principal) = 1 THEN min(r.principal) ELSE r.account END AS principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN count(DISTINCT r.principal) = 1 THEN min(r.principal) END AS requester,
         CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip, count(DISTINCT r.remote_ip) AS addresses,
         array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips, count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.account,
         count(DISTINCT r.object) AS keys, sum_once(r.bytes_sent, r.record) AS bytes, count(DISTINCT CASE WHEN r.action = 'list' THEN r.record END) AS lists, count(DISTINCT CASE WHEN r.action IN ('read', 'write', 'delete') THEN r.record END) AS did, evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM hits r GROUP BY r.account, r.bucket HAVING count(DISTINCT r.object) >= $keys OR count(DISTINCT CASE WHEN r.action = 'list' THEN r.record END) > 0
),
judged AS (
  SELECT s.*, o.opened_by, o.opened_at, o.is_first, o.is_new_public,
         CASE WHEN b.is_public OR e.accounts > $open THEN 'low' WHEN s.did >= $keys AND (o.is_new_public OR o.is_first) THEN 'high' ELSE 'medium' END AS severity, b.is_public OR e.accounts > $open AS is_open
  FROM summed s JOIN buckets b ON b.bucket = s.bucket LEFT JOIN early e ON e.bucket = s.bucket LEFT JOIN openers o ON o.bucket = s.bucket AND o.account = s.account
)
SELECT principal, requester, remote_ip, addresses, remote_ips, sessions, bucket, events, first_seen, last_seen, account, opened_by, opened_at, keys, bytes, severity,
       nullif(array_to_string(make_array(CASE WHEN is_open THEN 'this bucket is public or used by many accounts' ELSE 'the account was never seen before' END,
         CASE WHEN is_new_public THEN 'access granted from a public network that is new for the granting principal' END,
         CASE WHEN is_first THEN 'access granted by someone who never changed settings before' WHEN opened_by IS NULL THEN 'no access change in these logs' END), '; '), '') AS reasons, evidence
FROM judged
UNION ALL
-- Who granted it access.
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.account, r.principal AS opened_by, max(r.request_time) AS opened_at, CAST(NULL AS BIGINT) AS keys, CAST(NULL AS BIGINT) AS bytes, j.severity,
       concat('changed access to the bucket, which account ', r.account, ' used afterwards') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM changes r JOIN judged j ON j.bucket = r.bucket AND j.account = r.account
WHERE j.severity = 'high'
GROUP BY r.principal, r.bucket, r.account, j.severity
ORDER BY 9, 1, 7, 11
