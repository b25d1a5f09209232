-- title: Log files deleted or overwritten
-- question: Who deleted or overwrote log files in a bucket that stores logs, and is that new?
-- pack: integrity
-- kind: detection
-- severity: high
-- attack: T1070
-- attack: T1685.002
-- parameter: pattern text ([0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9A-F]{16}|(^|/)AWSLogs/.*[.](json|log)([.]gz)?)$ — regular expression over the decoded key: names of access logs, CloudTrail and other AWS log files
-- parameter: few integer 10 — minimum log files for high
-- parameter: habit integer 3 — days with such changes, from the start of the logs, after which they count as usual
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
-- column: operations — operations seen
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Programs that compact or move logs: rated low if they always did.
-- cannot tell: Whether the bucket has versioning enabled.
-- next: Restore the earlier versions; treat the period that the files cover as unknown.
-- source: saltmine

WITH hits AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.object_size, r.operation, r.origin, r.record, r.request_time, r.log_file, r.log_line
  FROM requests r WHERE r.action IN ('delete', 'write') AND NOT r.is_aws AND regexp_like(r.object, $pattern)
),
buckets AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, array_sort(array_agg(DISTINCT r.operation)) AS operations, count(DISTINCT r.object) AS keys, sum_once(r.object_size, r.record) AS bytes,
       CASE WHEN count(DISTINCT date_trunc('day', r.request_time)) >= $habit AND min(r.request_time) < min(b.since) + INTERVAL '2 days' THEN 'low'
            WHEN min(r.request_time) >= min(b.since) + INTERVAL '2 days' AND count(DISTINCT r.object) >= $few AND bool_or(o.is_public) THEN 'high' ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN min(r.request_time) < min(b.since) + INTERVAL '2 days' THEN 'seen since the start of the logs' ELSE 'never done in this bucket before' END,
         CASE WHEN bool_or(o.is_new AND o.is_public) THEN 'from a public network that is new for this principal' END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r JOIN buckets b ON b.bucket = r.bucket LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
GROUP BY r.principal, r.bucket
ORDER BY keys DESC, first_seen, r.principal, r.bucket
