-- title: Objects copied to an unknown bucket
-- question: Who copied objects to a bucket that has no logs here, and is that destination new?
-- pack: exfiltration
-- kind: detection
-- severity: high
-- attack: T1537
-- parameter: few integer 10 — minimum distinct keys for high
-- parameter: bytes integer 1073741824 — alternative to the minimum keys for high: minimum bytes
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
-- column: destination — the destination bucket; null if neither host nor request id reveals it
-- column: prepared_by — for a batch job, the principal that wrote to the bucket from a new network on the day before; null if there are several
-- column: days — days with such copies
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Your own buckets whose logs were not collected. Long-standing copy jobs are rated low.
-- cannot tell: Who owns the destination bucket: CloudTrail has CopyObject with the account of the resource.
-- next: Find out who owns the destination; if it is not yours, report it to AWS. List the copied objects with retrieved-objects.
-- source: AWS documentation: the request of a copy goes to its destination, and the row of the source has its host

WITH ours AS (SELECT DISTINCT bucket FROM profile_activity),
sources AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.object_size, r.record, r.request_id, r.host_id, r.request_time, r.log_file, r.log_line, r.destination, r.origin, r.is_aws
  FROM requests r LEFT JOIN ours o ON o.bucket = r.destination
  WHERE r.operation IN ('REST.COPY.OBJECT_GET', 'REST.COPY.PART_GET') AND r.action = 'read' AND (NOT r.is_aws OR principal_type(r.requester) = 'assumed_role') AND o.bucket IS NULL
),
-- If the host names no bucket, the destination's row may be in these logs, with the same request or host id.
targets AS (
  SELECT request_id AS id, min(bucket) AS bucket FROM requests WHERE operation IN ('REST.COPY.OBJECT', 'REST.COPY.PART') AND request_id IS NOT NULL GROUP BY 1
  UNION ALL
  SELECT host_id, min(bucket) FROM requests WHERE operation IN ('REST.COPY.OBJECT', 'REST.COPY.PART') AND host_id IS NOT NULL GROUP BY 1
),
foreigners AS (
  SELECT s.* FROM sources s LEFT JOIN targets t ON t.id = s.request_id LEFT JOIN targets h ON h.id = s.host_id
  WHERE s.destination IS NOT NULL OR (t.bucket IS NULL AND h.bucket IS NULL)
),
sized AS (
  SELECT principal, bucket, destination, object, max(object_size) AS size FROM foreigners GROUP BY 1, 2, 3, 4
),
known AS (SELECT principal, min(first_seen) AS known_since FROM profile_principal GROUP BY 1),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, r.destination, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
         count(DISTINCT date_trunc('day', r.request_time)) AS days, count(DISTINCT r.object) AS keys, bool_or(p.is_new AND p.is_public) AS is_new_public, bool_or(r.is_aws) AS is_batch, bool_and(r.origin = 'private' OR r.origin LIKE 'aws %') AS is_inside,
         evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM foreigners r LEFT JOIN profile_origin p ON p.principal = r.principal AND p.origin = r.origin GROUP BY r.principal, r.bucket, r.destination
),
whole AS (SELECT principal, bucket, destination, sum(size) AS bytes FROM sized GROUP BY 1, 2, 3),
buckets AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1),
-- A batch job has no address. Its creator may be a principal that used the bucket from a new network on the day before.
visitors AS (
  SELECT s.bucket, s.destination, CASE WHEN count(DISTINCT a.principal) = 1 THEN min(a.principal) END AS principal FROM summed s JOIN profile_activity a ON a.bucket = s.bucket JOIN profile_origin o ON o.principal = a.principal AND o.origin = a.origin AND o.is_new AND o.is_public
  WHERE s.is_batch AND a.writes + a.settings_changed > 0 AND a.last_seen >= s.first_seen - INTERVAL '1 day' AND a.first_seen <= s.first_seen GROUP BY 1, 2
)
SELECT s.principal, s.requester, s.remote_ip, s.addresses, s.remote_ips, s.sessions, s.bucket, s.events, s.first_seen, s.last_seen, s.destination, CASE WHEN s.is_batch THEN v.principal END AS prepared_by, s.days, s.keys, w.bytes,
       CASE WHEN s.days >= 3 AND s.first_seen < b.since + INTERVAL '2 days' THEN 'low'
            -- A destination named like our buckets is probably ours, without collected logs, if a program inside AWS or a batch job copies to it. Anyone can choose such a name, though.
            WHEN NOT coalesce(s.is_new_public, false) AND k.stem IS NOT NULL AND (s.is_inside OR s.is_batch AND v.bucket IS NULL) THEN 'medium'
            WHEN s.keys >= $few OR w.bytes >= $bytes THEN 'high' ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(
         CASE WHEN s.days >= 3 AND s.first_seen < b.since + INTERVAL '2 days' THEN 'seen since the start of the logs' WHEN s.first_seen < b.since + INTERVAL '2 days' THEN 'no earlier days to compare with' ELSE 'never copied there before' END,
         CASE WHEN s.is_new_public THEN 'from a public network that is new for this principal' END, CASE WHEN s.is_batch THEN 'by a batch job' END, CASE WHEN v.bucket IS NOT NULL THEN 'someone wrote to the bucket from a new network on the day before' END,
         CASE WHEN k.stem IS NOT NULL THEN 'named like our own buckets' END,
         CASE WHEN s.destination IS NULL THEN 'unknown destination' ELSE 'no logs of the destination bucket here' END), '; '), '') AS reasons, s.evidence
FROM summed s JOIN whole w ON w.principal = s.principal AND w.bucket = s.bucket AND w.destination IS NOT DISTINCT FROM s.destination
JOIN buckets b ON b.bucket = s.bucket
LEFT JOIN visitors v ON v.bucket = s.bucket AND v.destination = s.destination
LEFT JOIN (SELECT DISTINCT split_part(bucket, '-', 1) AS stem FROM ours) k ON k.stem = split_part(s.destination, '-', 1)
ORDER BY w.bytes DESC NULLS LAST, s.principal, s.bucket, s.destination NULLS FIRST
