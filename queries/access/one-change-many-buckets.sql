-- title: Same setting changed on many buckets
-- question: Who changed the same setting on several buckets in one run, and is that new for them?
-- pack: access
-- kind: detection
-- severity: high
-- attack: T1685
-- attack: T1098
-- parameter: few integer 3 — minimum buckets
-- parameter: gap interval 1 hour — longest pause within a run
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
-- column: operation — operation as logged
-- column: buckets — number of buckets
-- column: names — up to ten names
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Infrastructure as code, and buckets being set up: rated low if the principal changes settings on other days.
-- cannot tell: The new setting: CloudTrail has the request parameters.
-- next: Compare with change tickets; restore the settings.
-- source: saltmine

WITH changes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.record, r.request_time, r.log_file, r.log_line,
         d.days_before >= 2 AND d.change_days_before = 0 AS is_first, d.days_before < 2 AS no_history, coalesce(o.is_new AND o.is_public, false) AS is_new_public,
         d.days_before < 2 AND d.bucket_since + INTERVAL '2 days' < d.first_seen AND coalesce(o.is_public, false) AS is_stranger,
         r.request_time - lag(r.request_time) OVER (PARTITION BY r.principal, r.operation ORDER BY r.request_time, r.log_file, r.log_line) AS pause
  FROM requests r JOIN profile_day d ON d.principal = r.principal AND d.bucket = r.bucket AND d.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  WHERE r.action IN ('settings_change', 'access_change') AND r.object IS NULL AND NOT r.is_aws
),
runs AS (SELECT *, sum(CASE WHEN pause > CAST($gap AS INTERVAL) THEN 1 ELSE 0 END) OVER (PARTITION BY principal, operation ORDER BY request_time, log_file, log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run FROM changes),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, CAST(NULL AS VARCHAR) AS bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.operation, count(DISTINCT r.bucket) AS buckets, array_slice(array_sort(array_agg(DISTINCT r.bucket)), 1, 10) AS names,
         bool_or(r.is_first) AS is_first, bool_or(r.no_history) AS no_history, bool_or(r.is_new_public) AS is_new_public, bool_or(r.is_stranger) AS is_stranger, evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM runs r GROUP BY r.principal, r.operation, r.run HAVING count(DISTINCT r.bucket) >= $few
)
SELECT principal, requester, remote_ip, addresses, remote_ips, sessions, bucket, events, first_seen, last_seen, operation, buckets, names,
       CASE WHEN is_new_public OR is_stranger THEN 'high' WHEN is_first THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN is_new_public THEN 'from a public network that is new for this principal' END,
         CASE WHEN is_first THEN 'never changed settings before' WHEN is_stranger THEN 'new principal from the internet in buckets with earlier activity' WHEN no_history THEN 'no earlier days to compare with' ELSE 'changed settings on earlier days' END), '; '), '') AS reasons, evidence
FROM summed ORDER BY buckets DESC, first_seen, principal, operation
