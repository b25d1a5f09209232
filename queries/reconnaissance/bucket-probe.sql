-- title: Access denied at several buckets
-- question: Who was refused at several of our buckets in one run, and is that new for them?
-- pack: reconnaissance
-- kind: detection
-- severity: medium
-- attack: T1619
-- attack: T1580
-- parameter: few integer 5 — minimum distinct buckets
-- parameter: gap interval 6 hours — longest pause within a run
-- column: principal — who acted, independent of the session: role, user or person
-- column: requester — the requester if there is only one, otherwise the principal; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — the bucket if there is only one, otherwise null
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: buckets — number of buckets
-- column: names — up to ten names
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Inventory scripts, scanners: rated low if they are refused on other days too.
-- cannot tell: Requests for bucket names that do not exist or belong to others: our logs do not have them.
-- next: Check which requests of the same network or principal succeeded.
-- source: Published rules on enumeration

WITH hits AS (
  SELECT principal, CASE WHEN principal = 'anonymous' THEN ip_network(remote_ip) ELSE principal END AS who, requester, remote_ip, bucket, origin, record, request_time, log_file, log_line
  -- A missing setting or key is not a refusal.
  FROM requests WHERE NOT is_aws AND (is_denied(http_status) OR http_status IN (301, 404) AND object IS NULL AND operation_class(operation) IN ('list', 'metadata_read'))
),
runs AS (
  SELECT *, sum(CASE WHEN pause > CAST($gap AS INTERVAL) THEN 1 ELSE 0 END) OVER (PARTITION BY who ORDER BY request_time, log_file, log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run
  FROM (SELECT *, request_time - lag(request_time) OVER (PARTITION BY who ORDER BY request_time, log_file, log_line) AS pause FROM hits)
),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, CASE WHEN count(DISTINCT r.bucket) = 1 THEN min(r.bucket) END AS bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.who, r.run, count(DISTINCT r.bucket) AS buckets, array_slice(array_sort(array_agg(DISTINCT r.bucket)), 1, 10) AS names,
         bool_or(o.is_new AND o.is_public) AS is_new_public, evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM runs r LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  GROUP BY r.principal, r.who, r.run HAVING count(DISTINCT r.bucket) >= $few
),
-- A principal refused like this on several days is a scanner.
judged AS (SELECT *, count(*) OVER (PARTITION BY who) AS runs_of_all, row_number() OVER (PARTITION BY who ORDER BY buckets DESC, first_seen) AS place FROM summed)
SELECT principal, requester, remote_ip, addresses, remote_ips, sessions, bucket, events, first_seen, last_seen, buckets, names,
       CASE WHEN is_new_public THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN is_new_public THEN 'from a public network that is new for this principal' END,
         CASE WHEN runs_of_all > 1 THEN concat('one of ', runs_of_all, ' such runs, the one with the most buckets') END), '; '), '') AS reasons, evidence
FROM judged WHERE place = 1
ORDER BY buckets DESC, events DESC, first_seen, principal, remote_ip
