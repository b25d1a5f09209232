-- title: Objects that could be read no more once rewritten
-- question: Which keys were readable, were written over, and have only failed since?
-- pack: destruction
-- kind: detection
-- severity: critical
-- attack: T1486
-- parameter: min_keys integer 5 — distinct keys of one writer from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: like_customer_key — distinct keys refused as with an unknown customer key
-- column: like_kms_or_policy — distinct keys refused by KMS or a policy
-- column: evidence — up to three log_file:log_line to look at
-- false positives: An edited key policy, a deleted KMS key, a fault in a client. Keys nobody asked for again show nothing.
-- source: Own

-- Few keys are ever refused: all else is asked of these alone.
WITH refused AS (
  SELECT DISTINCT bucket, object_key(key, operation) AS name FROM logs
  WHERE operation IN ('REST.GET.OBJECT', 'REST.HEAD.OBJECT') AND (http_status IN (400, 403) OR error_code LIKE 'KMS.%')
),
writes AS (
  SELECT f.bucket, f.name, max(l.request_time) AS written_at,
         last_value(l.requester ORDER BY l.request_time, l.requester) AS requester,
         last_value(l.remote_ip ORDER BY l.request_time, l.requester) AS remote_ip
  FROM refused f JOIN logs l ON l.bucket = f.bucket AND object_key(l.key, l.operation) = f.name
  WHERE l.operation IN ('REST.COPY.OBJECT', 'REST.PUT.OBJECT', 'REST.POST.UPLOAD') AND l.http_status BETWEEN 200 AND 299
  GROUP BY f.bucket, f.name
),
reads AS (
  SELECT f.bucket, f.name, l.request_time, l.http_status, l.error_code, l.log_file || ':' || l.log_line AS place
  FROM refused f JOIN logs l ON l.bucket = f.bucket AND object_key(l.key, l.operation) = f.name
  WHERE l.operation IN ('REST.GET.OBJECT', 'REST.HEAD.OBJECT')
),
judged AS (
  SELECT w.bucket, w.name, w.requester, w.remote_ip, w.written_at,
         bool_or(r.request_time < w.written_at AND r.http_status IN (200, 206)) AS read_before,
         bool_or(r.request_time > w.written_at AND r.http_status IN (200, 206, 304)) AS read_since,
         bool_or(r.request_time > w.written_at AND r.http_status = 400) AS like_customer_key,
         bool_or(r.request_time > w.written_at AND (r.http_status = 403 OR r.error_code LIKE 'KMS.%')) AS like_kms_or_policy,
         count(*) FILTER (WHERE r.request_time > w.written_at) AS failures,
         max(r.request_time) AS last_try,
         max(r.place) FILTER (WHERE r.request_time > w.written_at) AS place
  FROM writes w JOIN reads r ON r.bucket = w.bucket AND r.name = w.name
  GROUP BY w.bucket, w.name, w.requester, w.remote_ip, w.written_at
)
SELECT requester, min(remote_ip) AS remote_ip, bucket,
       sum(failures) AS events, min(written_at) AS first_seen, max(last_try) AS last_seen,
       count(DISTINCT name) AS keys,
       count(DISTINCT name) FILTER (WHERE like_customer_key) AS like_customer_key,
       count(DISTINCT name) FILTER (WHERE like_kms_or_policy) AS like_kms_or_policy,
       array_slice(array_agg(place ORDER BY written_at, place), 1, 3) AS evidence
FROM judged
WHERE read_before AND NOT read_since AND (like_customer_key OR like_kms_or_policy)
GROUP BY requester, bucket
HAVING count(DISTINCT name) >= $min_keys
ORDER BY keys DESC, requester NULLS FIRST, bucket
