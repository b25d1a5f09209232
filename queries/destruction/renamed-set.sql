-- title: Objects replaced by copies with a new extension
-- question: Did someone delete other principals' objects and write objects with the same names plus an extension?
-- pack: destruction
-- kind: detection
-- severity: high
-- attack: T1486
-- attack: T1485
-- parameter: keys integer 5 — minimum distinct keys
-- parameter: within interval 2 days — longest time between the write and the delete
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
-- column: extension — the extension that was added
-- column: keys — distinct keys
-- column: keys_same_size — keys whose size stayed within two per cent and 4 KiB
-- column: keys_read — keys that the principal had read before
-- column: keys_missed — keys that others requested later without success
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Programs that compress or convert: their output has another size, so it is rated medium at most.
-- cannot tell: What was written: the log has sizes, not content.
-- next: Keep one pair of objects for analysis, suspend the credentials, restore the deleted versions.
-- source: Reports on encryption by download and upload

WITH deletes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.object_size, r.record, r.request_time, r.log_file, r.log_line
  FROM requests r JOIN (SELECT principal, bucket FROM profile_activity WHERE NOT is_aws GROUP BY 1, 2 HAVING sum(deletes) >= $keys AND sum(writes) >= $keys) p ON p.principal = r.principal AND p.bucket = r.bucket
  WHERE r.action = 'delete'
),
writes AS (
  SELECT r.principal, r.bucket, r.object, regexp_replace(r.object, '[.][^./]+$', '') AS stem, r.object_size, r.request_time
  FROM requests r WHERE r.action = 'write' AND r.principal IN (SELECT principal FROM deletes)
),
pairs AS (
  SELECT d.*, substr(w.object, character_length(d.object) + 1) AS extension, w.object_size AS new_size, w.request_time AS written_at
  FROM deletes d JOIN writes w ON w.principal = d.principal AND w.bucket = d.bucket AND w.stem = d.object
  WHERE w.object <> d.object AND d.request_time BETWEEN w.request_time - CAST($within AS INTERVAL) AND w.request_time + CAST($within AS INTERVAL)
  -- A delete counts once, even if its record was delivered twice or its key written twice.
  QUALIFY row_number() OVER (PARTITION BY d.bucket, d.record, w.object ORDER BY w.request_time, d.log_file, d.log_line) = 1
),
fate AS (
  SELECT p.principal, p.bucket, p.object,
         bool_or(r.principal = p.principal AND r.action = 'write' AND r.request_time < p.gone_at) AS is_own,
         bool_or(r.principal = p.principal AND r.action = 'read' AND r.request_time < p.gone_at) AS is_read,
         max(CASE WHEN r.action IN ('read', 'write') THEN r.object_size END) AS size,
         bool_or(r.principal <> p.principal AND r.http_status = 404 AND r.request_time > p.gone_at) AS is_missed
  FROM (SELECT principal, bucket, object, min(request_time) AS gone_at FROM pairs GROUP BY 1, 2, 3) p JOIN requests r ON r.bucket = p.bucket AND r.object = p.object
  GROUP BY 1, 2, 3
),
habit AS (
  SELECT principal, bucket, extension, count(DISTINCT date_trunc('day', request_time)) AS days FROM pairs GROUP BY 1, 2, 3
),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, r.extension, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
         count(DISTINCT r.object) AS keys, count(DISTINCT CASE WHEN abs(r.new_size - coalesce(r.object_size, f.size)) <= 4096 + coalesce(r.object_size, f.size) / 50 THEN r.object END) AS keys_same_size,
         count(DISTINCT CASE WHEN f.is_read THEN r.object END) AS keys_read, count(DISTINCT CASE WHEN f.is_missed THEN r.object END) AS keys_missed, sum(r.object_size) AS bytes,
         max(h.days) AS days, evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM pairs r JOIN fate f ON f.principal = r.principal AND f.bucket = r.bucket AND f.object = r.object
  JOIN habit h ON h.principal = r.principal AND h.bucket = r.bucket AND h.extension = r.extension
  WHERE f.is_own IS NOT TRUE
  GROUP BY r.principal, r.bucket, r.extension HAVING count(DISTINCT r.object) >= $keys
)
SELECT principal, requester, remote_ip, addresses, remote_ips, sessions, bucket, events, first_seen, last_seen, extension, keys, keys_same_size, keys_read, keys_missed, bytes,
       CASE WHEN days >= 5 THEN 'low' WHEN keys_missed >= 3 AND keys_missed * 10 >= keys THEN 'critical' WHEN keys_same_size * 5 >= keys * 4 THEN 'high' ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN keys_same_size * 5 >= keys * 4 THEN 'same size as the originals, as after encryption' ELSE 'different size from the originals, as after compression' END,
         CASE WHEN days >= 5 THEN 'done on ' || counted(days, 'day') END,
         CASE WHEN keys_missed > 0 THEN 'others requested ' || counted(keys_missed, 'deleted key') || ' later without success' END), '; '), '') AS reasons, evidence
FROM summed ORDER BY keys DESC, first_seen, principal, bucket, extension
