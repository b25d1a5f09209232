-- title: Access that bypasses the access point
-- question: Is data reached past the access point that should stand before it?
-- pack: network
-- kind: detection
-- severity: low
-- attack: T1530
-- parameter: min_share float 0.5 — share of requests by an access point from which a bucket counts as fronted
-- column: principal — who, whatever the session: role, user or person
-- column: requester — the requester where there is one, else the principal; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — the bucket, where there is one
-- column: events — requests of the principal that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: bytes — bytes of the objects
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line
-- false positives: Administrators; work of AWS itself is left out.
-- cannot tell: Whether the policy of the bucket allows it on purpose: CloudTrail has PutBucketPolicy.
-- next: Let the bucket policy delegate to access points alone.
-- source: Own

WITH fronted AS (
  SELECT bucket FROM requests WHERE object IS NOT NULL AND NOT is_aws AND operation LIKE 'REST.%'
  GROUP BY bucket HAVING avg(CASE WHEN access_point_arn IS NULL THEN 0.0 ELSE 1.0 END) >= $min_share
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.object) AS keys, sum(r.bytes_sent) AS bytes,
       'low' AS severity, CAST(NULL AS VARCHAR) AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
-- The few buckets stand first: a join keeps its first side in memory, and reads the second past it.
FROM fronted f JOIN requests r ON r.bucket = f.bucket
WHERE r.access_point_arn IS NULL AND r.object IS NOT NULL AND NOT r.is_aws AND r.action IS NOT NULL
GROUP BY r.principal, r.bucket
ORDER BY bytes DESC NULLS LAST, first_seen, r.principal, r.bucket
