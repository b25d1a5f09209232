-- title: Website files written by a new principal
-- question: Did someone who never wrote to a website bucket before, or from a new network, write pages or scripts there?
-- pack: destruction
-- kind: detection
-- severity: high
-- attack: T1491.002
-- attack: T1565.001
-- parameter: extensions text html,htm,js,mjs,css,wasm,exe,msi,dmg,pkg,deb,rpm,apk,jar,whl,zip,gz,tgz,xz,bin,img,iso,sh,ps1 — comma-separated file extensions that browsers run and people install
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
-- column: served — number of reads after the first write
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: New people and new pipelines in the web team.
-- cannot tell: What was written: fetch the version and compare it with the build.
-- next: Restore the original files, invalidate the CDN, and check what the writer did before.
-- source: Published rules on scripts of static sites
-- source: saltmine

WITH served AS (
  SELECT bucket FROM requests
  WHERE action = 'read' AND (operation = 'WEBSITE.GET.OBJECT' OR principal = 'anonymous' OR principal_type(requester) = 'cloudfront_oai' OR requester = 'svc:cloudfront.amazonaws.com')
  GROUP BY 1
),
since AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1),
-- Principals that wrote to the bucket on earlier days.
writers AS (
  SELECT principal, bucket, wrote_since, row_number() OVER (PARTITION BY bucket ORDER BY wrote_since, principal) - 1 AS writers_before
  FROM (SELECT principal, bucket, min(first_seen) AS wrote_since FROM profile_activity WHERE writes > 0 GROUP BY 1, 2)
),
-- Principals on a new network that no longer use their known networks: they moved.
moved AS (
  SELECT n.principal, n.origin FROM profile_origin n JOIN profile_principal p ON p.principal = n.principal JOIN profile_origin k ON k.principal = n.principal AND k.origin <> n.origin
  WHERE n.is_new AND NOT k.is_new AND p.last_seen > n.first_seen + INTERVAL '2 days' GROUP BY n.principal, n.origin, n.first_seen HAVING max(k.last_seen) < n.first_seen
),
writes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.record, r.request_time, r.log_file, r.log_line,
         coalesce(o.is_new AND o.is_public AND m.principal IS NULL, false) AS is_new_public, w.wrote_since >= b.since + INTERVAL '2 days' AND r.request_time < w.wrote_since + INTERVAL '2 days' AS is_new_writer,
         p.is_person, coalesce(o.is_public, true) AS is_public,
         -- In a bucket with three writers, a fourth is not unusual.
         coalesce(w.writers_before, 0) AS writers_before
  FROM requests r JOIN served s ON s.bucket = r.bucket JOIN since b ON b.bucket = r.bucket
  LEFT JOIN writers w ON w.principal = r.principal AND w.bucket = r.bucket LEFT JOIN profile_principal p ON p.principal = r.principal
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin LEFT JOIN moved m ON m.principal = r.principal AND m.origin = r.origin
  WHERE r.action = 'write' AND NOT r.is_aws AND array_has(string_to_array($extensions, ','), regexp_replace(lower(r.object), '^.*[.]', ''))
),
chosen AS (SELECT * FROM writes WHERE is_new_public OR is_new_writer),
-- The writes, and the writer's requests for the same objects from the same address on the day before.
did AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.record, r.request_time, r.log_file, r.log_line, c.is_new_public, c.is_new_writer, c.is_person, c.is_public, c.writers_before
  FROM chosen c JOIN requests r ON r.principal = c.principal AND r.bucket = c.bucket AND r.object = c.object AND (r.remote_ip IS NOT DISTINCT FROM c.remote_ip)
  WHERE r.action IS NOT NULL AND r.request_time BETWEEN c.request_time - INTERVAL '1 day' AND c.request_time
  QUALIFY row_number() OVER (PARTITION BY r.bucket, r.record ORDER BY r.log_file, r.log_line) = 1
),
existed AS (
  SELECT c.bucket, c.object, bool_or(r.action IN ('read', 'write') AND r.principal <> c.principal AND r.request_time < c.at) AS is_over, count(DISTINCT CASE WHEN r.action = 'read' AND r.request_time > c.at THEN r.record END) AS served
  FROM (SELECT bucket, object, principal, min(request_time) AS at FROM chosen GROUP BY 1, 2, 3) c JOIN requests r ON r.bucket = c.bucket AND r.object = c.object GROUP BY 1, 2
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
       count(DISTINCT r.object) AS keys, array_slice(array_sort(array_agg(DISTINCT r.object)), 1, 5) AS names, coalesce(max(e.served), 0) AS served,
       CASE WHEN bool_or(e.is_over AND (r.is_new_public AND NOT coalesce(r.is_person, false) OR r.is_new_writer AND r.is_public AND r.writers_before <= 2 AND NOT coalesce(r.is_person, false))) THEN 'high' WHEN bool_or(e.is_over) THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN bool_or(r.is_new_public) THEN 'from a public network that is new for this principal' END,
         CASE WHEN bool_or(r.is_new_writer) THEN 'never wrote to this bucket before' END,
         CASE WHEN bool_or(e.is_over) THEN 'overwrote files written by others' ELSE 'new files only' END), '; '), '') AS reasons,
       evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM did r LEFT JOIN existed e ON e.bucket = r.bucket AND e.object = r.object
GROUP BY r.principal, r.bucket ORDER BY keys DESC, first_seen, r.principal, r.bucket
