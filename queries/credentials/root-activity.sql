-- title: Root user activity
-- question: Was the root user of the bucket owner's account active, and is that new?
-- pack: credentials
-- kind: detection
-- severity: high
-- attack: T1078.004
-- parameter: reads boolean false — whether to include reads
-- parameter: habit integer 3 — days with root activity, from the start of the logs, after which it counts as usual
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
-- column: operations — operations seen
-- column: changes — settings changed
-- column: deletes — keys deleted
-- column: keys — distinct keys
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: S3-compatible servers that log every user with the owner's id; old tools that use root keys: rated low if active on most days.
-- cannot tell: Whether root used a key or a password: CloudTrail has userIdentity.accessKeyId and its sign-in events.
-- next: Delete root's access key; root needs none. Check CloudTrail for root activity elsewhere.
-- source: AWS documentation on the requester field; saltmine

WITH hits AS (
  SELECT r.*, r.bucket_owner AS owner FROM requests r
  WHERE (r.requester = r.bucket_owner AND regexp_like(r.requester, '^[0-9a-f]{64}$') OR (r.requester LIKE '%:root' AND principal_type(r.requester) = 'root'))
    AND ($reads OR coalesce(r.action, '-') NOT IN ('read', 'inspect', 'list', 'settings_read') AND operation_class(r.operation) NOT IN ('read', 'metadata_read', 'list', 'config_read'))
),
days AS (SELECT principal, count(DISTINCT date_trunc('day', request_time)) AS days, min(request_time) AS since FROM hits GROUP BY 1),
logs_since AS (SELECT min(first_seen) AS since FROM profile_activity)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, array_sort(array_agg(DISTINCT r.operation)) AS operations,
       count(DISTINCT CASE WHEN r.action IN ('settings_change', 'access_change', 'bucket_create', 'bucket_delete') THEN r.record END) AS changes, count(DISTINCT CASE WHEN r.action = 'delete' THEN r.record END) AS deletes, count(DISTINCT r.object) AS keys,
       CASE WHEN min(d.days) >= $habit AND min(d.since) < min(l.since) + INTERVAL '2 days' THEN 'low'
            WHEN min(d.since) >= min(l.since) + INTERVAL '2 days' AND bool_or(r.action IN ('access_change', 'settings_change', 'delete', 'bucket_delete')) THEN 'high' ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN min(d.days) >= $habit AND min(d.since) < min(l.since) + INTERVAL '2 days' THEN 'seen since the start of the logs' WHEN min(d.since) >= min(l.since) + INTERVAL '2 days' THEN 'never seen before' ELSE 'no earlier days to compare with' END,
         CASE WHEN bool_or(r.action IN ('access_change', 'settings_change', 'bucket_delete')) THEN 'settings changed' END,
         CASE WHEN bool_or(r.action = 'delete') THEN 'objects deleted' END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r JOIN days d ON d.principal = r.principal CROSS JOIN logs_since l
GROUP BY r.principal, r.bucket
ORDER BY events DESC, r.bucket, r.principal
