-- title: Presigned links used after their end
-- question: Who tries links that have ended, as a leaked link in circulation is?
-- pack: credentials
-- kind: report
-- severity: info
-- attack: T1550.001
-- column: principal — who signed
-- column: key_id — access key id that signed
-- column: bucket — the bucket, where there is one
-- column: events — requests of the principal that match
-- column: keys — distinct keys
-- column: addresses — number of source IPs
-- column: seconds_late — longest time after the end
-- column: succeeded — how many succeeded all the same
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line
-- false positives: Bookmarks, crawlers and mail scanners with old links.
-- source: Own

WITH hits AS (SELECT r.*, access_key_id(r.request_uri) AS key_id, presigned_expires(r.request_uri) AS ends FROM requests r WHERE r.authentication_type = 'QueryString')
SELECT r.principal, r.key_id, r.bucket, count(DISTINCT r.record) AS events, count(DISTINCT r.object) AS keys, count(DISTINCT r.remote_ip) AS addresses,
       max(date_part('epoch', r.request_time) - date_part('epoch', r.ends)) AS seconds_late, count(*) FILTER (WHERE r.action IS NOT NULL) AS succeeded, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r WHERE r.ends < r.request_time
GROUP BY r.principal, r.key_id, r.bucket
ORDER BY events DESC, r.principal, r.key_id, r.bucket
