-- title: Role or user suddenly used from the internet
-- question: Which role or user that was only ever used from inside AWS is now used from the internet?
-- pack: credentials
-- kind: detection
-- severity: high
-- attack: T1078.004
-- attack: T1552.005
-- parameter: few integer 20 — minimum state-changing or data requests for high
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
-- column: actions — requests that read, wrote or changed something
-- column: keys — distinct keys
-- column: bytes — bytes read
-- column: changes — settings changed
-- column: deletes — keys deleted
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: A program that moved out of AWS; an administrator who tries out a role from a workstation.
-- cannot tell: Whether the credentials were stolen or shared: CloudTrail has AssumeRole and the access key id.
-- next: Revoke the role's existing sessions (aws:TokenIssueTime), rotate the user's keys, and examine the host that the credentials belong to.
-- source: GuardDuty detects instance credentials used outside AWS; the comparison with earlier use is by saltmine

WITH hits AS (
  SELECT r.*, o.first_seen AS since FROM requests r JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  JOIN profile_principal p ON p.principal = r.principal
  WHERE o.is_new AND o.is_public AND o.was_inside AND NOT p.is_person AND NOT r.is_aws
),
-- A principal that moved out of AWS completely is not in two places.
inside AS (
  SELECT k.principal, max(k.last_seen) AS last_inside FROM profile_origin k WHERE NOT k.is_public GROUP BY 1
),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, CASE WHEN count(DISTINCT r.bucket) = 1 THEN min(r.bucket) END AS bucket,
         count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
         count(DISTINCT CASE WHEN r.action IS NOT NULL AND r.action <> 'inspect' THEN r.record END) AS actions, count(DISTINCT CASE WHEN r.action = 'read' THEN r.object END) AS keys,
         sum_once(CASE WHEN r.action = 'read' THEN CASE WHEN r.operation LIKE 'REST.COPY.%' THEN r.object_size ELSE r.bytes_sent END END, r.record) AS bytes,
         count(DISTINCT CASE WHEN r.action IN ('settings_change', 'access_change', 'bucket_create', 'bucket_delete') THEN r.record END) AS changes,
         count(DISTINCT CASE WHEN r.action = 'delete' THEN r.record END) AS deletes, max(i.last_inside) AS last_inside,
         evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM hits r LEFT JOIN inside i ON i.principal = r.principal GROUP BY r.principal
)
SELECT principal, requester, remote_ip, addresses, remote_ips, sessions, bucket, events, first_seen, last_seen, actions, keys, bytes, changes, deletes,
       CASE WHEN last_inside < first_seen AND last_seen > first_seen + INTERVAL '2 days' THEN 'medium' WHEN actions < 5 AND changes = 0 THEN 'low' WHEN actions >= $few OR changes > 0 THEN 'high' ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array('from the internet, although this principal was only ever used inside AWS',
         CASE WHEN last_inside < first_seen THEN 'no longer used inside AWS' ELSE 'still used inside AWS as well' END,
         CASE WHEN changes > 0 THEN counted(changes, 'setting') || ' changed' END), '; '), '') AS reasons,
       evidence
FROM summed ORDER BY events DESC, principal
