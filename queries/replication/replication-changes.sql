-- title: Replication configuration changed
-- question: Who set or removed replication of a bucket, and did copying start afterwards?
-- pack: replication
-- kind: detection
-- severity: medium
-- attack: T1537
-- parameter: few integer 100 — minimum objects read by replication afterwards for it to count
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
-- column: replicated_before — objects that replication or a batch job read in the week before
-- column: replicated_after — objects that replication or a batch job read afterwards
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Replication set up on purpose: rated medium if the principal changes settings on other days.
-- cannot tell: The destination of the replication: CloudTrail has PutBucketReplication with its rules.
-- next: Read the rules (GetBucketReplication), and find out who owns the destination account.
-- source: Reports on replication to a foreign account
-- source: AWS documentation

WITH changes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.action, r.record, r.request_time, r.log_file, r.log_line,
         d.days_before >= 2 AND d.change_days_before = 0 AS is_first, d.days_before < 2 AS no_history,
         coalesce(o.is_new AND o.is_public, false) AS is_new_public,
         -- A stranger: a new principal from the internet in a bucket with earlier activity.
         d.days_before < 2 AND d.bucket_since + INTERVAL '2 days' < d.first_seen AND coalesce(o.is_public, false) AS is_stranger
  FROM requests r JOIN profile_day d ON d.principal = r.principal AND d.bucket = r.bucket AND d.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  WHERE r.operation IN ('REST.PUT.REPLICATION', 'REST.DELETE.REPLICATION') AND r.action = 'settings_change' AND NOT r.is_aws
),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, date_trunc('day', r.request_time) AS day, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
         array_sort(array_agg(DISTINCT r.operation)) AS operations, bool_or(r.is_first) AS is_first, bool_or(r.no_history) AS no_history, bool_or(r.is_new_public) AS is_new_public,
         bool_or(r.operation = 'REST.PUT.REPLICATION') AS is_set, evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM changes r GROUP BY r.principal, r.bucket, date_trunc('day', r.request_time)
),
copied AS (
  SELECT s.principal, s.bucket, s.day, count(DISTINCT CASE WHEN r.request_time < s.first_seen THEN r.object END) AS before, count(DISTINCT CASE WHEN r.request_time >= s.first_seen THEN r.object END) AS after,
         sum(CASE WHEN r.request_time >= s.first_seen THEN coalesce(r.bytes_sent, r.object_size) END) AS bytes
  FROM summed s JOIN (
    SELECT r.bucket, r.object, r.request_time, r.bytes_sent, r.object_size FROM requests r
    WHERE r.bucket IN (SELECT bucket FROM summed) AND r.action = 'read' AND r.is_aws AND principal_type(r.requester) = 'assumed_role'
    -- A record that was delivered twice counts once.
    QUALIFY row_number() OVER (PARTITION BY r.bucket, r.record ORDER BY r.log_file, r.log_line) = 1
  ) r ON r.bucket = s.bucket AND r.request_time BETWEEN s.first_seen - INTERVAL '7 days' AND s.first_seen + INTERVAL '7 days' GROUP BY 1, 2, 3
)
SELECT s.principal, s.requester, s.remote_ip, s.addresses, s.remote_ips, s.sessions, s.bucket, s.events, s.first_seen, s.last_seen, s.operations,
       coalesce(c.before, 0) AS replicated_before, coalesce(c.after, 0) AS replicated_after, c.bytes,
       CASE WHEN s.is_set AND s.is_new_public OR (s.is_set AND (s.is_first OR s.no_history) AND c.after >= $few AND c.after >= 5 * c.before) THEN 'high' ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN s.is_new_public THEN 'from a public network that is new for this principal' END,
         CASE WHEN s.is_first THEN 'never changed settings before' WHEN s.no_history THEN 'no earlier days to compare with' ELSE 'changed settings on earlier days' END,
         CASE WHEN c.after > 0 THEN counted(c.after, 'object') || ' copied afterwards' END), '; '), '') AS reasons, s.evidence
FROM summed s LEFT JOIN copied c ON c.principal = s.principal AND c.bucket = s.bucket AND c.day = s.day
ORDER BY s.first_seen, s.principal, s.bucket
