-- title: Object name enumeration
-- question: Who requests many objects that do not exist or are denied, and receives few?
-- pack: reconnaissance
-- kind: detection
-- severity: medium
-- attack: T1595.003
-- attack: T1619
-- parameter: few integer 50 — minimum distinct keys refused or not found in a run
-- parameter: gap interval 1 hour — longest pause within a run
-- parameter: found float 0.2 — highest share of successful requests that still counts as guessing: clients that check before they write, and sites with broken links, find more
-- parameter: words text [.]git/|[.]env|wp-|phpmyadmin|passw|id_rsa|[.]sql|backup — regular expression over lower-case keys that scanners request
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
-- column: denied — requests refused (403)
-- column: not_found — requests for missing objects (404)
-- column: scanner — keys that scanners typically request
-- column: hits — objects received
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Broken links, single-page applications, crawlers with old links, clients that check before they write.
-- cannot tell: Where the names came from, and whether the objects ever existed.
-- next: Check the hits: the objects that the same network or principal received.
-- source: Published thresholds for failed requests; saltmine

WITH tries AS (
  SELECT principal, CASE WHEN principal = 'anonymous' THEN ip_network(remote_ip) ELSE principal END AS who, requester, remote_ip, bucket, object, http_status, record, request_time, log_file, log_line
  FROM requests WHERE operation_class(operation) IN ('read', 'metadata_read') AND object IS NOT NULL AND NOT is_aws AND http_status IN (403, 404)
),
runs AS (
  SELECT *, sum(CASE WHEN pause > CAST($gap AS INTERVAL) THEN 1 ELSE 0 END) OVER (PARTITION BY who, bucket ORDER BY request_time, log_file, log_line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run
  FROM (SELECT *, request_time - lag(request_time) OVER (PARTITION BY who, bucket ORDER BY request_time, log_file, log_line) AS pause FROM tries)
),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.who, r.run, count(DISTINCT r.object) AS keys, count(DISTINCT CASE WHEN r.http_status = 403 THEN r.record END) AS denied, count(DISTINCT CASE WHEN r.http_status = 404 THEN r.record END) AS not_found,
         count(DISTINCT CASE WHEN regexp_like(lower(r.object), $words) THEN r.object END) AS scanner, evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM runs r GROUP BY r.principal, r.who, r.bucket, r.run HAVING count(DISTINCT r.object) >= $few
),
good AS (
  SELECT s.who, s.bucket, s.run, count(DISTINCT g.record) AS hits FROM summed s
  JOIN requests g ON g.bucket = s.bucket AND g.principal = s.principal AND (s.principal <> 'anonymous' OR ip_network(g.remote_ip) = s.who)
  WHERE g.action IN ('read', 'inspect') AND g.request_time BETWEEN s.first_seen AND s.last_seen GROUP BY 1, 2, 3
),
judged AS (
  SELECT s.*, coalesce(g.hits, 0) AS hits, row_number() OVER (PARTITION BY s.who, s.bucket ORDER BY s.keys DESC, s.first_seen) AS place, count(*) OVER (PARTITION BY s.who, s.bucket) AS runs_of_all
  FROM summed s LEFT JOIN good g ON g.who = s.who AND g.bucket = s.bucket AND g.run = s.run
  WHERE coalesce(g.hits, 0) <= $found * (s.events + coalesce(g.hits, 0))
)
SELECT principal, requester, remote_ip, addresses, remote_ips, sessions, bucket, events, first_seen, last_seen, keys, denied, not_found, scanner, hits,
       CASE WHEN (principal = 'anonymous' AND runs_of_all <= 3) OR denied > 0 AND not_found > 0 AND runs_of_all <= 3 THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN principal = 'anonymous' THEN 'without credentials' END,
         CASE WHEN denied > 0 AND not_found > 0 THEN 'both refused and not found' END,
         CASE WHEN scanner > 0 THEN concat(scanner, ' keys that scanners typically request') END,
         CASE WHEN runs_of_all > 1 THEN concat('one of ', runs_of_all, ' such runs, the one with the most keys') END), '; '), '') AS reasons, evidence
FROM judged WHERE place = 1
ORDER BY keys DESC, first_seen, principal, remote_ip, bucket
