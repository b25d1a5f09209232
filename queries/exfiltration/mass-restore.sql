-- title: Mass restore of archived objects
-- question: Who restored far more archived objects than ever before, and is that new for them?
-- pack: exfiltration
-- kind: detection
-- severity: high
-- attack: T1530
-- attack: T1496
-- parameter: keys integer 50 — minimum distinct keys per run
-- parameter: times integer 5 — multiple of the busiest earlier day that counts as unusual
-- parameter: window interval 6 hours — longest pause within a run
-- parameter: habit integer 3 — earlier days with restores after which restores count as usual
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
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: keys_read — keys that the principal read afterwards
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Restore tests, annual audits: rated medium if the network is known.
-- cannot tell: Which retrieval tier was requested and what it costs: CloudTrail has RestoreObject with its parameters.
-- next: Restores cannot be stopped, but the extra storage cost ends when the restored copies expire. Check what was read afterwards.
-- source: Reports on cost by restores; saltmine

WITH restores AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.object_size, r.origin, r.record, r.request_time, r.log_file, r.log_line,
         r.request_time - lag(r.request_time) OVER (PARTITION BY r.principal, r.bucket ORDER BY r.request_time, r.log_file, r.log_line) AS pause
  FROM requests r WHERE r.action = 'restore' AND NOT r.is_aws
),
runs AS (SELECT *, sum(CASE WHEN pause > CAST($window AS INTERVAL) THEN 1 ELSE 0 END) OVER (PARTITION BY principal, bucket ORDER BY request_time, log_file, log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run FROM restores),
daily AS (SELECT principal, bucket, date_trunc('day', request_time) AS day, count(DISTINCT object) AS keys FROM restores GROUP BY 1, 2, 3),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, r.run, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.object) AS keys, count(DISTINCT date_trunc('day', r.request_time)) AS run_days, sum_once(r.object_size, r.record) AS bytes, bool_or(o.is_new AND o.is_public) AS is_new_public, bool_or(o.is_public) AS is_public,
         min(p.first_seen) AS known_since, evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM runs r JOIN profile_principal p ON p.principal = r.principal LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  GROUP BY r.principal, r.bucket, r.run HAVING count(DISTINCT r.object) >= $keys
),
-- Days are compared with those before the first busy day, so that a run of a week is not its own baseline.
began AS (SELECT principal, bucket, min(day) AS began FROM daily WHERE keys >= $keys GROUP BY 1, 2),
compared AS (
  SELECT s.principal, s.bucket, s.run, coalesce(max(d.keys), 0) AS usual, count(d.day) AS days
  FROM summed s JOIN began b ON b.principal = s.principal AND b.bucket = s.bucket
  LEFT JOIN daily d ON d.principal = s.principal AND d.bucket = s.bucket AND d.day < least(b.began, date_trunc('day', s.first_seen)) GROUP BY 1, 2, 3
),
since AS (
  SELECT s.principal, s.bucket, s.run, count(DISTINCT r.object) AS keys_read FROM summed s
  JOIN runs a ON a.principal = s.principal AND a.bucket = s.bucket AND a.run = s.run
  JOIN requests r ON r.bucket = a.bucket AND r.object = a.object AND r.principal = a.principal AND r.action = 'read' AND r.request_time > a.request_time GROUP BY 1, 2, 3
),
buckets AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1)
SELECT s.principal, s.requester, s.remote_ip, s.addresses, s.remote_ips, s.sessions, s.bucket, s.events, s.first_seen, s.last_seen, s.keys, s.bytes, coalesce(n.keys_read, 0) AS keys_read,
       CASE WHEN s.is_new_public THEN 'high' WHEN s.is_public AND s.known_since >= b.since + INTERVAL '2 days' AND s.first_seen < s.known_since + INTERVAL '2 days' THEN 'high'
            -- Restores that are there from the beginning are usual if they last.
            WHEN c.days >= $habit OR s.run_days >= $habit AND s.first_seen < greatest(s.known_since, b.since) + INTERVAL '2 days' THEN 'low' ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN s.is_new_public THEN 'from a public network that is new for this principal' WHEN s.is_public AND s.known_since >= b.since + INTERVAL '2 days' AND s.first_seen < s.known_since + INTERVAL '2 days' THEN 'new principal from the internet in a bucket with earlier activity' END,
         CASE WHEN c.days = 0 AND s.first_seen < greatest(s.known_since, b.since) + INTERVAL '2 days' THEN 'no earlier days to compare with' WHEN c.days = 0 THEN 'never restored objects in this bucket before' ELSE concat('previously at most ', c.usual, ' per day') END,
         CASE WHEN n.keys_read > 0 THEN concat(n.keys_read, ' of them read by the principal afterwards') END), '; '), '') AS reasons, s.evidence
FROM summed s JOIN compared c ON c.principal = s.principal AND c.bucket = s.bucket AND c.run = s.run JOIN buckets b ON b.bucket = s.bucket
LEFT JOIN since n ON n.principal = s.principal AND n.bucket = s.bucket AND n.run = s.run
WHERE s.keys >= $times * c.usual
ORDER BY s.keys DESC, s.first_seen, s.principal, s.bucket
