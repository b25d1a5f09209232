-- title: Bucket listed, then bulk-downloaded
-- question: Who listed a bucket and then read many of its keys?
-- pack: exfiltration
-- kind: detection
-- severity: low
-- attack: T1619
-- attack: T1530
-- parameter: window interval 30 minutes — longest pause within a run, and between the listing and the first read
-- parameter: keys integer 100 — minimum distinct keys
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
-- column: lists — listings
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Sync tools, backups and Spark list before they read: rated medium only from a network new to the principal.
-- cannot tell: Whether the keys were chosen from the listing.
-- next: Check bulk-read and role-elsewhere for the same principal.
-- source: Sequences of published detections

WITH busy AS (
  SELECT principal, bucket, day FROM profile_activity WHERE NOT is_aws AND origin IS DISTINCT FROM 'link' GROUP BY 1, 2, 3 HAVING sum(reads) >= $keys
),
hits AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.bytes_sent, r.action, r.record, r.request_time, r.log_file, r.log_line, coalesce(o.is_new AND o.is_public, false) AS is_new_public
  FROM requests r JOIN (SELECT DISTINCT principal, bucket FROM busy) b ON b.principal = r.principal AND b.bucket = r.bucket
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  WHERE r.action IN ('read', 'list') AND r.operation IN ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS', 'REST.GET.OBJECT') AND (r.origin IS DISTINCT FROM 'link')
),
runs AS (
  SELECT *, sum(CASE WHEN pause > CAST($window AS INTERVAL) THEN 1 ELSE 0 END) OVER (PARTITION BY principal, bucket ORDER BY request_time, log_file, log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run
  FROM (SELECT *, request_time - lag(request_time) OVER (PARTITION BY principal, bucket ORDER BY request_time, log_file, log_line) AS pause FROM hits)
),
listed AS (SELECT principal, bucket, run, min(request_time) AS listed_at FROM runs WHERE action = 'list' GROUP BY 1, 2, 3)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
       count(DISTINCT CASE WHEN r.action = 'list' THEN r.record END) AS lists, count(DISTINCT CASE WHEN r.action = 'read' THEN r.object END) AS keys, sum_once(CASE WHEN r.action = 'read' THEN r.bytes_sent END, r.record) AS bytes,
       CASE WHEN bool_or(r.is_new_public) THEN 'medium' ELSE 'low' END AS severity,
       CASE WHEN bool_or(r.is_new_public) THEN 'from a public network that is new for this principal' END AS reasons,
       evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM runs r JOIN listed l ON l.principal = r.principal AND l.bucket = r.bucket AND l.run = r.run
-- Reads before the listing are not a consequence of it.
WHERE r.request_time >= l.listed_at
GROUP BY r.principal, r.bucket, r.run
HAVING count(DISTINCT CASE WHEN r.action = 'read' THEN r.object END) >= $keys
ORDER BY bytes DESC NULLS LAST, first_seen, r.principal, r.bucket
