-- title: Public IP accessing a private bucket
-- question: Did a bucket that had only been used from private addresses for days respond to a public one?
-- pack: network
-- kind: detection
-- severity: medium
-- attack: T1530
-- parameter: min_events integer 200 — minimum earlier requests to the bucket
-- parameter: min_days integer 2 — minimum earlier days with requests
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
-- column: refused — requests refused (403)
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: People in the console, reads by AWS services: rated low if the principal uses other buckets from there too.
-- cannot tell: Whether a public address is your NAT gateway: CloudTrail has vpcEndpointId if an endpoint was used.
-- next: Restrict the bucket to its endpoints (aws:SourceVpce); check role-elsewhere.
-- source: saltmine

WITH uses AS (
  SELECT a.bucket, a.day, a.first_seen, a.requests, a.origin <> 'private' AND a.origin NOT LIKE 'aws %' AND a.origin <> 'link' AS is_public
  FROM profile_activity a WHERE a.origin IS NOT NULL AND NOT a.is_aws
),
opened AS (SELECT bucket, min(CASE WHEN is_public THEN first_seen END) AS opened_at FROM uses GROUP BY 1),
private AS (
  SELECT o.bucket, o.opened_at FROM opened o JOIN uses u ON u.bucket = o.bucket AND u.first_seen < o.opened_at
  GROUP BY 1, 2 HAVING sum(u.requests) >= $min_events AND count(DISTINCT u.day) >= $min_days AND o.opened_at >= min(u.first_seen) + INTERVAL '2 days'
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT CASE WHEN is_denied(r.http_status) THEN r.record END) AS refused, count(DISTINCT r.object) AS keys, sum_once(r.bytes_sent, r.record) AS bytes,
       CASE WHEN bool_and(coalesce(o.is_public AND NOT o.is_new AND NOT o.was_inside, false)) THEN 'low' ELSE 'medium' END AS severity,
       'only private addresses had used this bucket before' AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM (
  SELECT r.* FROM private p JOIN requests r ON r.bucket = p.bucket
  WHERE r.remote_ip IS NOT NULL AND NOT r.is_aws AND r.origin <> 'private' AND r.origin NOT LIKE 'aws %' AND (r.origin IS DISTINCT FROM 'link')
) r LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
GROUP BY r.principal, r.bucket
HAVING count(*) FILTER (WHERE r.action IS NOT NULL) > 0
ORDER BY bytes DESC NULLS LAST, first_seen, r.principal, r.bucket
