-- title: Expired presigned URLs still in use
-- question: Who tries expired presigned URLs, as happens when a leaked URL circulates?
-- pack: credentials
-- kind: report
-- severity: info
-- attack: T1550.001
-- column: principal — who signed
-- column: key_id — access key id that signed
-- column: bucket — bucket
-- column: events — matching requests of the principal
-- column: keys — distinct keys
-- column: addresses — number of source IPs
-- column: seconds_late — longest time after expiry
-- column: succeeded — requests that succeeded nevertheless
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: evidence — up to three records as log_file:log_line
-- false positives: Bookmarks, crawlers and mail scanners with old links.
-- source: saltmine

WITH hits AS (SELECT r.*, access_key_id(r.request_uri) AS key_id, presigned_expires(r.request_uri) AS ends FROM requests r WHERE r.authentication_type = 'QueryString')
SELECT r.principal, r.key_id, r.bucket, count(DISTINCT r.record) AS events, count(DISTINCT r.object) AS keys, count(DISTINCT r.remote_ip) AS addresses,
       max(date_part('epoch', r.request_time) - date_part('epoch', r.ends)) AS seconds_late, count(*) FILTER (WHERE r.action IS NOT NULL) AS succeeded, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r WHERE r.ends < r.request_time
GROUP BY r.principal, r.key_id, r.bucket
ORDER BY events DESC, r.principal, r.key_id, r.bucket
