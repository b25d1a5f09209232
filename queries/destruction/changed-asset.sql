-- title: Content-hashed file changed
-- question: Did a file whose name contains a hash of its content change size, who changed it, and how often was it served?
-- pack: destruction
-- kind: detection
-- severity: high
-- attack: T1565.001
-- attack: T1491.002
-- parameter: endings text js,mjs,css,html,htm,wasm,json — comma-separated file extensions
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
-- column: names — up to five of the keys
-- column: served — number of reads after the first change
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Builds whose file names contain something other than a content hash.
-- cannot tell: What was written: fetch the version and compare it with the build.
-- next: Restore the original file, invalidate the CDN, and notify the users who were served the changed one. Keep the changed version.
-- source: Reports on scripts of web wallets that were swapped

WITH served AS (
  SELECT bucket FROM requests
  WHERE action = 'read' AND (operation = 'WEBSITE.GET.OBJECT' OR principal = 'anonymous' OR principal_type(requester) = 'cloudfront_oai' OR requester = 'svc:cloudfront.amazonaws.com')
  GROUP BY 1
),
sized AS (
  SELECT r.bucket, r.object, r.object_size, min(r.request_time) AS since
  FROM requests r JOIN served s ON s.bucket = r.bucket
  WHERE r.action IN ('read', 'write') AND r.object_size IS NOT NULL
    AND regexp_like(r.object, '[-._~][0-9a-fA-F]{8,64}[.][a-z]+$') AND array_has(string_to_array($endings, ','), regexp_replace(lower(r.object), '^.*[.]', ''))
  GROUP BY 1, 2, 3
),
changed AS (SELECT bucket, object FROM sized GROUP BY 1, 2 HAVING count(*) > 1),
known AS (
  SELECT r.principal, r.requester, r.remote_ip, r.origin, r.bucket, r.object, r.record, r.action, r.object_size, r.request_time, r.log_file, r.log_line,
         lag(r.object_size) OVER (PARTITION BY r.bucket, r.object ORDER BY r.request_time, r.record) AS size_before
  FROM changed c JOIN requests r ON r.bucket = c.bucket AND r.object = c.object WHERE r.action IN ('read', 'write') AND r.object_size IS NOT NULL
),
writes AS (SELECT * FROM known WHERE action = 'write' AND object_size <> size_before),
-- All requests of the writer for the file from that network: checks before the change, and restores after it.
did AS (
  SELECT DISTINCT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.record, r.request_time, r.log_file, r.log_line
  FROM (
    SELECT w.principal, w.bucket, w.object, w.remote_ip, w.request_time, coalesce(o.is_new AND o.is_public, false) AS is_elsewhere
    FROM writes w LEFT JOIN profile_origin o ON o.principal = w.principal AND o.origin = w.origin
  ) w JOIN requests r ON r.principal = w.principal AND r.bucket = w.bucket AND (r.remote_ip IS NOT DISTINCT FROM w.remote_ip)
  -- All requests from a network that is new for the writer.
  WHERE w.is_elsewhere AND r.action IS NOT NULL OR r.object = w.object AND r.action IS NOT NULL AND r.request_time >= w.request_time - INTERVAL '1 day'
),
served_after AS (
  SELECT w.bucket, w.object, count(DISTINCT r.record) AS served FROM (SELECT bucket, object, min(request_time) AS at FROM writes GROUP BY 1, 2) w
  JOIN requests r ON r.bucket = w.bucket AND r.object = w.object AND r.action = 'read' AND r.request_time > w.at GROUP BY 1, 2
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
       count(DISTINCT c.object) AS keys, array_slice(array_sort(array_agg(DISTINCT c.object) FILTER (WHERE c.object IS NOT NULL)), 1, 5) AS names, coalesce(max(s.served), 0) AS served,
       'high' AS severity, 'the name contains a content hash, but the size changed' AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM did r LEFT JOIN (SELECT DISTINCT principal, bucket, object FROM writes) c ON c.principal = r.principal AND c.bucket = r.bucket AND c.object = r.object LEFT JOIN served_after s ON s.bucket = r.bucket AND s.object = r.object
GROUP BY r.principal, r.bucket ORDER BY keys DESC, first_seen, r.principal, r.bucket
