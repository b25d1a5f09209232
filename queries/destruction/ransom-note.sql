-- title: Ransom note
-- question: Was a small text file with a ransom-style name written, or the same small file in many folders, and was data destroyed alongside?
-- pack: destruction
-- kind: detection
-- severity: high
-- attack: T1486
-- attack: T1491.001
-- parameter: pattern text ransom|decrypt|how[-_ ]?to[-_ ]?(back|recover|restore|decrypt|get)|recover[-_ ]?(your|files|data)|restore[-_ ]?(your|files|data)|unlock|warning|attention|readme.*(lock|crypt)|read[-_ ]?me[-_ !]*(now|first|please)?[.]|files?[-_ ]?(deleted|encrypted|locked|stolen)|your[-_ ]?(data|files)|!!! — regular expression over the last segment of the decoded key in lower case
-- parameter: endings text txt,html,htm,hta,md,rtf,url — comma-separated file extensions
-- parameter: most integer 262144 — largest size of a note, in bytes
-- parameter: folders integer 5 — minimum folders with the same file within one hour for the file to count as a note whatever its name
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
-- column: name — last segment of the key
-- column: prefixes — distinct keys
-- column: destroyed — keys that the principal deleted or overwrote in the bucket within two days
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Instructions and notices written by software: rated medium if the same principal deleted or overwrote nothing.
-- cannot tell: What the text says: fetch it.
-- next: Keep the object and its metadata. Check deletes, overwrites and copies by the same principal in the days before.
-- source: Published notes of ransom of S3 buckets
-- source: Published rules

WITH notes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, regexp_replace(lower(r.object), '^.*/', '') AS name, r.record, r.request_time, r.log_file, r.log_line
  FROM requests r
  WHERE r.action = 'write' AND NOT r.is_aws AND coalesce(r.object_size, 0) <= $most
    AND array_has(string_to_array($endings, ','), regexp_replace(lower(r.object), '^.*[.]', ''))
),
chosen AS (
  SELECT principal, bucket, name, date_bin(INTERVAL '6 hours', min(request_time)) AS since, max(request_time) AS last_seen, min(request_time) AS first_seen, count(DISTINCT object) AS places,
         count(DISTINCT date_trunc('day', request_time)) AS days
  FROM notes GROUP BY 1, 2, 3
  HAVING (regexp_like(name, $pattern) OR count(DISTINCT object) >= $folders AND max(request_time) - min(request_time) <= INTERVAL '1 hour')
     -- A file name that is written on many days is routine.
     AND count(DISTINCT date_trunc('day', request_time)) <= 3
),
destroyed AS (
  SELECT c.principal, c.bucket, c.name, count(DISTINCT r.object) AS keys
  FROM chosen c JOIN requests r ON r.principal = c.principal AND r.bucket = c.bucket AND r.request_time BETWEEN c.first_seen - INTERVAL '2 days' AND c.last_seen + INTERVAL '2 days'
  JOIN profile_unusual u ON u.principal = r.principal AND u.bucket = r.bucket AND u.day = date_trunc('day', r.request_time)
  WHERE r.action = 'delete' AND u.measure = 'deletes' OR r.action = 'write' AND u.measure = 'writes' AND r.operation = 'REST.COPY.OBJECT'
  GROUP BY 1, 2, 3
)
SELECT n.principal, CASE WHEN count(DISTINCT n.requester) = 1 THEN min(n.requester) WHEN n.principal <> 'anonymous' THEN n.principal END AS requester,
       CASE WHEN count(DISTINCT n.remote_ip) = 1 THEN min(n.remote_ip) END AS remote_ip,
       count(DISTINCT n.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT n.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT n.requester) AS sessions, n.bucket, count(DISTINCT n.record) AS events, min(n.request_time) AS first_seen, max(n.request_time) AS last_seen,
       n.name, count(DISTINCT n.object) AS prefixes, coalesce(max(d.keys), 0) AS destroyed,
       CASE WHEN coalesce(max(d.keys), 0) >= 10 THEN 'high' WHEN regexp_like(n.name, $pattern) AND n.principal = 'anonymous' THEN 'high' WHEN regexp_like(n.name, $pattern) THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN regexp_like(n.name, $pattern) THEN 'a name typical of ransom notes' ELSE 'the same file in many folders' END,
         CASE WHEN max(d.keys) > 0 THEN counted(max(d.keys), 'key') || ' deleted or overwritten by the same principal within two days' END,
         CASE WHEN n.principal = 'anonymous' THEN 'written without credentials' END), '; '), '') AS reasons,
       evidence(n.log_file, n.log_line, n.request_time) AS evidence
FROM notes n JOIN chosen c ON c.principal = n.principal AND c.bucket = n.bucket AND c.name = n.name
LEFT JOIN destroyed d ON d.principal = n.principal AND d.bucket = n.bucket AND d.name = n.name
GROUP BY n.principal, n.bucket, n.name
ORDER BY prefixes DESC, first_seen, n.principal, n.bucket, n.name
