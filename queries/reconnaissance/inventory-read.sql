-- title: S3 Inventory files read
-- question: Who read S3 Inventory files, which list all objects without a list request, and is that new for them?
-- pack: reconnaissance
-- kind: detection
-- severity: medium
-- attack: T1619
-- parameter: pattern text /(manifest[.](json|checksum)|data/[0-9a-f-]{32,36}[.](csv[.]gz|orc|parquet))$ — regular expression over the decoded key: file names used by S3 Inventory
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
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Jobs that process inventories: rated low if they always did.
-- cannot tell: Which of the listed keys the reader was after.
-- next: Check bulk-read for the buckets that the inventory covers.
-- source: saltmine

WITH hits AS (SELECT * FROM requests WHERE action = 'read' AND NOT is_aws AND regexp_like(object, $pattern)),
buckets AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.object) AS keys,
       CASE WHEN bool_or(o.is_new AND o.is_public) OR min(r.request_time) >= min(b.since) + INTERVAL '2 days' AND bool_or(o.is_public) THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN bool_or(o.is_new AND o.is_public) THEN 'from a public network that is new for this principal' END,
         CASE WHEN min(r.request_time) >= min(b.since) + INTERVAL '2 days' THEN 'never read inventories in this bucket before' ELSE 'seen since the start of the logs' END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r JOIN buckets b ON b.bucket = r.bucket LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
GROUP BY r.principal, r.bucket
ORDER BY keys DESC, first_seen, r.principal, r.bucket
