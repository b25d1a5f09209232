-- title: Inventory lists read
-- question: Who read the lists of an S3 Inventory, a listing without a listing, and is that new for them?
-- pack: reconnaissance
-- kind: detection
-- severity: medium
-- attack: T1619
-- parameter: pattern text /(manifest[.](json|checksum)|data/[0-9a-f-]{32,36}[.](csv[.]gz|orc|parquet))$ — regular expression over the decoded key: names that S3 Inventory gives
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
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line
-- false positives: Jobs that work through inventories: low where they always did.
-- cannot tell: Which of the keys on the list were wanted.
-- next: Look at bulk-read for the buckets that the inventory lists.
-- source: Own

WITH hits AS (SELECT * FROM requests WHERE action = 'read' AND NOT is_aws AND regexp_like(object, $pattern)),
buckets AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.object) AS keys,
       CASE WHEN bool_or(o.is_new AND o.is_public) OR min(r.request_time) >= min(b.since) + INTERVAL '2 days' AND bool_or(o.is_public) THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN bool_or(o.is_new AND o.is_public) THEN 'from a public network that is new for this principal' END,
         CASE WHEN min(r.request_time) >= min(b.since) + INTERVAL '2 days' THEN 'never read here before' ELSE 'done since the logs begin' END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r JOIN buckets b ON b.bucket = r.bucket LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
GROUP BY r.principal, r.bucket
ORDER BY keys DESC, first_seen, r.principal, r.bucket
