-- title: Access denied, then granted
-- question: Who was refused several times in a row and then allowed the same operation, and who changed the access?
-- pack: access
-- kind: detection
-- severity: medium
-- attack: T1078.004
-- attack: T1098
-- parameter: within interval 24 hours — longest time between the first refusal and the success
-- parameter: min_denials integer 3 — minimum refusals in a row
-- parameter: quiet interval 1 day — time before the refusals without a success of the same kind; alternating refusals and successes are usual
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
-- column: denials — refused requests
-- column: first_denied — first refusal
-- column: first_allowed — the following success
-- column: opened_by — who changed the bucket's access in between
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Permission requests being worked on.
-- cannot tell: The content of a policy, and changes of IAM policies: CloudTrail has both.
-- next: Find out who requested the access; check what the principal has read since.
-- source: saltmine

WITH pairs AS (
  SELECT principal, bucket FROM profile_activity WHERE NOT is_aws AND principal <> 'anonymous' GROUP BY 1, 2 HAVING sum(denied) >= $min_denials AND sum(requests) > sum(denied)
),
tries AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.record, r.request_time, r.log_file, r.log_line, is_denied(r.http_status) AS is_refused,
         sum(CASE WHEN r.action IS NOT NULL THEN 1 ELSE 0 END) OVER (PARTITION BY r.principal, r.bucket, r.operation ORDER BY r.request_time, r.log_file, r.log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS successes,
         max(CASE WHEN r.action IS NOT NULL THEN r.request_time END) OVER (PARTITION BY r.principal, r.bucket, r.operation ORDER BY r.request_time, r.log_file, r.log_line ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_allowed
  FROM requests r JOIN pairs p ON p.principal = r.principal AND p.bucket = r.bucket
  WHERE (is_denied(r.http_status) OR r.action IS NOT NULL) AND (r.origin IS DISTINCT FROM 'link')
),
-- Refusals between two successes, including the success that ends them.
streaks AS (SELECT *, successes - CASE WHEN is_refused THEN 0 ELSE 1 END AS streak FROM tries),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.operation, r.streak,
         count(DISTINCT CASE WHEN r.is_refused THEN r.record END) AS denials, min(CASE WHEN r.is_refused THEN r.request_time END) AS first_denied,
         min(CASE WHEN NOT r.is_refused THEN r.request_time END) AS first_allowed, min(r.last_allowed) AS last_allowed, evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM streaks r GROUP BY r.principal, r.bucket, r.operation, r.streak
),
chosen AS (
  SELECT * FROM summed WHERE denials >= $min_denials AND first_allowed <= first_denied + CAST($within AS INTERVAL)
    AND (last_allowed IS NULL OR last_allowed < first_denied - CAST($quiet AS INTERVAL))
),
openers AS (
  SELECT s.principal, s.bucket, s.operation, s.streak, min(a.principal) AS opened_by, bool_or(a.principal = s.principal) AS is_own
  FROM chosen s JOIN requests a ON a.bucket = s.bucket AND a.action = 'access_change' AND a.request_time BETWEEN s.first_denied AND s.first_allowed GROUP BY 1, 2, 3, 4
)
SELECT s.principal, s.requester, s.remote_ip, s.addresses, s.remote_ips, s.sessions, s.bucket, s.events, s.first_seen, s.last_seen, s.operation, s.denials, s.first_denied, s.first_allowed, o.opened_by,
       CASE WHEN o.is_own THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN s.last_allowed IS NULL THEN 'never allowed before' END,
         CASE WHEN o.is_own THEN 'the principal changed the access itself' WHEN o.opened_by IS NOT NULL THEN 'someone changed the access in between' END), '; '), '') AS reasons, s.evidence
FROM chosen s LEFT JOIN openers o ON o.principal = s.principal AND o.bucket = s.bucket AND o.operation = s.operation AND o.streak = s.streak
ORDER BY s.first_denied, s.principal, s.bucket, s.operation
