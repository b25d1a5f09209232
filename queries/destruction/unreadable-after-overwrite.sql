-- title: Objects unreadable after being overwritten
-- question: Which objects were readable, were overwritten by someone, and then failed for others as if encrypted with an unknown key?
-- pack: destruction
-- kind: detection
-- severity: critical
-- attack: T1486
-- parameter: min_keys integer 5 — minimum distinct keys per writer
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
-- column: failures — failed requests of others
-- column: failed_first — time of the first one
-- column: failed_last — time of the last one
-- column: failed_for — up to five principals whose requests failed
-- column: like_customer_key — distinct keys that failed as if encrypted with an unknown customer key
-- column: like_kms — distinct keys refused by KMS
-- column: denied — distinct keys refused to readers who had read them and still read others, as with a KMS key of another account
-- column: restored — distinct keys that were read again later
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: An edited key policy, a deleted KMS key, a client error. Objects that nobody requested again do not show up.
-- cannot tell: Which key encrypts the objects: the log has no encryption headers (CloudTrail: x-amz-server-side-encryption-customer-algorithm).
-- next: Suspend the writer. Restore earlier versions of the objects; keep the failed requests as evidence of when the damage began.
-- source: saltmine

-- Few keys ever fail like this, so everything else is computed for them only.
WITH refused AS (
  SELECT bucket, object, principal AS reader, request_time AS failed_at,
         CASE WHEN error_code LIKE 'KMS.%' THEN 'kms' WHEN http_status = 403 THEN 'denied' ELSE 'customer key' END AS like_what
  FROM requests
  WHERE operation IN ('REST.GET.OBJECT', 'REST.HEAD.OBJECT') AND object IS NOT NULL
    -- If the reader may not use the KMS key, the log shows an ordinary AccessDenied.
    AND (error_code LIKE 'KMS.%' OR http_status = 403 AND principal <> 'anonymous' AND NOT is_aws OR http_status = 400 AND (error_code IN ('InvalidRequest', 'BadRequest') OR error_code IS NULL AND operation = 'REST.HEAD.OBJECT'))
),
keys AS (SELECT DISTINCT bucket, object FROM refused),
events AS (
  SELECT r.bucket, r.object, r.principal, r.requester, r.remote_ip, r.action, r.record, r.request_time, r.log_file, r.log_line
  FROM keys k JOIN requests r ON r.bucket = k.bucket AND r.object = k.object WHERE r.action IN ('write', 'read')
),
-- A failure is attributed to the last write before it.
blamed AS (
  SELECT f.bucket, f.object, f.reader, f.failed_at, f.like_what, max(w.request_time) AS written_at
  FROM refused f JOIN events w ON w.bucket = f.bucket AND w.object = f.object AND w.action = 'write' AND w.request_time <= f.failed_at
  GROUP BY 1, 2, 3, 4, 5
),
episodes AS (
  SELECT b.bucket, b.object, b.written_at, count(DISTINCT b.reader || CAST(b.failed_at AS VARCHAR)) AS failures, min(b.failed_at) AS failed_first, max(b.failed_at) AS failed_last,
         min(b.reader) AS reader_first, max(b.reader) AS reader_last, bool_or(b.like_what = 'kms') AS like_kms, bool_or(b.like_what = 'customer key') AS like_customer_key, bool_and(b.like_what = 'denied') AS like_denied
  FROM blamed b GROUP BY 1, 2, 3
),
judged AS (
  SELECT e.bucket, e.object, e.written_at, e.failures, e.failed_first, e.failed_last, e.reader_first, e.reader_last, e.like_kms, e.like_customer_key, e.like_denied,
         bool_or(v.action = 'read' AND v.request_time < e.written_at AND v.principal = e.reader_first) AS read_by_it_before,
         bool_or(v.action = 'read' AND v.request_time < e.written_at) AS read_before,
         -- If it was read after this write and before the next, this write did not cause the failure.
         bool_or(v.action = 'read' AND v.request_time > e.failed_last) AS is_restored
  FROM episodes e JOIN events v ON v.bucket = e.bucket AND v.object = e.object GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
),
-- Readers that still read other objects in the bucket did not lose their permission.
readers AS (SELECT principal, bucket, max(last_seen) AS last_seen FROM profile_activity WHERE reads > 0 GROUP BY 1, 2),
joined AS (
  SELECT j.*, w.principal, w.requester, w.remote_ip, w.record, w.log_file, w.log_line
  FROM judged j JOIN events w ON w.bucket = j.bucket AND w.object = j.object AND w.action = 'write' AND w.request_time = j.written_at
  LEFT JOIN readers a ON a.principal = j.reader_first AND a.bucket = j.bucket
  LEFT JOIN (SELECT bucket, object, principal, min(request_time) AS since FROM events WHERE action = 'write' GROUP BY 1, 2, 3) o ON o.bucket = j.bucket AND o.object = j.object AND o.principal = w.principal
  WHERE j.read_before AND NOT (w.principal = j.reader_first AND w.principal = j.reader_last)
    AND (NOT j.like_denied OR j.read_by_it_before AND a.last_seen > j.failed_first AND o.since >= j.written_at)
)
SELECT principal, CASE WHEN count(DISTINCT requester) = 1 THEN min(requester) WHEN principal <> 'anonymous' THEN principal END AS requester,
       CASE WHEN count(DISTINCT remote_ip) = 1 THEN min(remote_ip) END AS remote_ip,
       count(DISTINCT remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT requester) AS sessions, bucket, count(DISTINCT record) AS events, min(written_at) AS first_seen, max(written_at) AS last_seen,
       count(DISTINCT object) AS keys, sum(failures) AS failures, min(failed_first) AS failed_first, max(failed_last) AS failed_last,
       array_slice(array_sort(array_agg(DISTINCT reader_first)), 1, 5) AS failed_for,
       count(DISTINCT CASE WHEN like_customer_key THEN object END) AS like_customer_key, count(DISTINCT CASE WHEN like_kms THEN object END) AS like_kms,
       count(DISTINCT CASE WHEN like_denied THEN object END) AS denied,
       count(DISTINCT CASE WHEN is_restored THEN object END) AS restored,
       CASE WHEN count(DISTINCT CASE WHEN like_customer_key THEN object END) > 0 THEN 'critical' ELSE 'high' END AS severity,
       concat(count(DISTINCT object), ' keys failed for others after the write',
              CASE WHEN count(DISTINCT CASE WHEN is_restored THEN object END) > 0 THEN concat('; ', count(DISTINCT CASE WHEN is_restored THEN object END), ' were read again later') ELSE '' END) AS reasons,
       evidence(log_file, log_line, written_at) AS evidence
FROM joined GROUP BY principal, bucket
HAVING count(DISTINCT object) >= $min_keys
ORDER BY keys DESC, principal, bucket
