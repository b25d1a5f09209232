-- title: Data written or deleted without credentials
-- question: Who wrote, deleted or changed something without credentials, and was that usual for the bucket?
-- pack: exposure
-- kind: detection
-- severity: high
-- attack: T1565.001
-- attack: T1491.002
-- attack: T1486
-- parameter: min_successes integer 1 — minimum successful requests per bucket
-- parameter: min_refusals integer 20 — minimum refusals per address
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
-- column: successes — successful requests
-- column: refusals — refused requests
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: operations — operations seen
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Buckets that accept anonymous uploads on purpose. Refused requests of programs with a wrong bucket name are rated low.
-- cannot tell: Who it was: the log has only the address.
-- next: Close the bucket (public access block), and find out what was written; treat files that were served as compromised.
-- source: AWS documentation
-- source: saltmine

WITH hits AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.object, r.object_size, r.http_status, r.record, r.request_time, r.log_file, r.log_line,
         r.action IN ('write', 'write_part', 'delete', 'tag', 'restore', 'settings_change', 'access_change', 'bucket_delete') AS is_success
  FROM requests r
  WHERE r.principal = 'anonymous' AND r.authentication_type IS NULL AND regexp_like(r.operation, '^(REST[.](PUT|POST|DELETE|COPY)|BATCH[.]DELETE)[.]')
),
-- In a bucket with anonymous writes from the first days on, they are usual.
usual AS (
  SELECT h.bucket, count(DISTINCT date_trunc('day', h.request_time)) AS days, min(h.request_time) AS since, min(b.since) AS bucket_since
  FROM hits h JOIN (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1) b ON b.bucket = h.bucket WHERE h.is_success GROUP BY 1
)
SELECT 'anonymous' AS principal, CAST(NULL AS VARCHAR) AS requester, CASE WHEN count(DISTINCT h.remote_ip) = 1 THEN min(h.remote_ip) END AS remote_ip, count(DISTINCT h.remote_ip) AS addresses,
       array_slice(array_sort(array_agg(DISTINCT h.remote_ip)), 1, 10) AS remote_ips, CAST(0 AS BIGINT) AS sessions, h.bucket,
       count(DISTINCT h.record) AS events, min(h.request_time) AS first_seen, max(h.request_time) AS last_seen,
       count(DISTINCT CASE WHEN h.is_success THEN h.record END) AS successes, count(DISTINCT CASE WHEN h.http_status = 403 THEN h.record END) AS refusals,
       count(DISTINCT h.object) AS keys, sum_once(h.object_size, h.record) AS bytes, array_sort(array_agg(DISTINCT h.operation)) AS operations,
       CASE WHEN count(DISTINCT CASE WHEN h.is_success THEN h.record END) = 0 THEN 'low' WHEN max(u.days) >= 3 AND max(u.since) < max(u.bucket_since) + INTERVAL '2 days' THEN 'medium' ELSE 'high' END AS severity,
       CASE WHEN count(DISTINCT CASE WHEN h.is_success THEN h.record END) = 0 THEN 'all refused' WHEN max(u.days) >= 3 AND max(u.since) < max(u.bucket_since) + INTERVAL '2 days' THEN 'seen since the start of the logs' ELSE 'never done in this bucket before' END AS reasons,
       evidence(h.log_file, h.log_line, h.request_time) AS evidence
FROM hits h LEFT JOIN usual u ON u.bucket = h.bucket
-- Successes are grouped by bucket, refusals by address.
GROUP BY h.bucket, CASE WHEN h.is_success THEN NULL ELSE h.remote_ip END, h.is_success
HAVING count(DISTINCT CASE WHEN h.is_success THEN h.record END) >= $min_successes OR count(DISTINCT CASE WHEN h.http_status = 403 THEN h.record END) >= $min_refusals
ORDER BY successes DESC, refusals DESC, h.bucket, remote_ip
