-- title: Direct bucket access bypassing the access point
-- question: Who reads a bucket directly that should only be used through its access point?
-- pack: network
-- kind: detection
-- severity: low
-- attack: T1530
-- parameter: min_share float 0.5 — minimum share of requests through an access point for direct requests to be unusual
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
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Administrators. AWS's own requests are left out.
-- cannot tell: Whether the bucket policy allows it on purpose: CloudTrail has PutBucketPolicy.
-- next: Have the bucket policy delegate access to access points only.
-- source: saltmine

WITH fronted AS (
  SELECT bucket FROM requests WHERE object IS NOT NULL AND NOT is_aws AND operation LIKE 'REST.%'
  GROUP BY bucket HAVING avg(CASE WHEN access_point_arn IS NULL THEN 0.0 ELSE 1.0 END) >= $min_share
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.object) AS keys, sum_once(r.bytes_sent, r.record) AS bytes,
       'low' AS severity, CAST(NULL AS VARCHAR) AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM (
  -- The small side comes first: a join keeps its first input in memory and streams the second.
  SELECT r.* FROM fronted f JOIN requests r ON r.bucket = f.bucket
  WHERE r.access_point_arn IS NULL AND r.object IS NOT NULL AND NOT r.is_aws AND r.action IS NOT NULL
) r
GROUP BY r.principal, r.bucket
ORDER BY bytes DESC NULLS LAST, first_seen, r.principal, r.bucket
