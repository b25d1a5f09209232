-- title: Objects read and written over in place
-- question: Is somebody encrypting objects in place: reading a key and writing the same key shortly after, over and over?
-- pack: destruction
-- kind: detection
-- severity: critical
-- attack: T1486
-- parameter: gap interval 10 minutes — longest time between the read and the write of a key
-- parameter: keys integer 50 — distinct keys within the hour from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys_rewritten — distinct keys written over
-- column: keys_refused — distinct keys whose write was
-- column: by_copy — distinct keys written by a copy
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Changes of storage class or of encryption, rewritten metadata, compaction. Many refused writes are an attempt.
-- source: Reports on ransom with customer keys; AWS advice on copies that overwrite

WITH reads AS (
  SELECT bucket, object_key(key, operation) AS name, requester, request_time AS read_at FROM logs
  WHERE operation IN ('REST.COPY.OBJECT_GET', 'REST.GET.OBJECT') AND http_status IN (200, 206)
),
writes AS (
  SELECT bucket, object_key(key, operation) AS name, requester, remote_ip, operation, http_status, request_time, log_file, log_line,
         date_bin(INTERVAL '1 hour', request_time) AS hour
  FROM logs
  WHERE operation IN ('REST.COPY.OBJECT', 'REST.PUT.OBJECT', 'REST.POST.UPLOAD')
    AND (http_status BETWEEN 200 AND 299 OR http_status = 403)
),
-- Who writes fewer than so many keys in an hour writes over fewer, too: few are left to be compared with all reads.
busy AS (
  SELECT bucket, requester, hour FROM writes GROUP BY bucket, requester, hour HAVING count(*) >= $keys
),
-- Each write once, however often its key was read before.
rewrites AS (
  SELECT DISTINCT w.bucket, w.name, w.requester, w.remote_ip, w.operation, w.http_status, w.request_time, w.log_file, w.log_line, w.hour
  FROM busy b JOIN writes w ON w.bucket = b.bucket AND w.requester = b.requester AND w.hour = b.hour
       JOIN reads r ON r.bucket = w.bucket AND r.name = w.name AND r.requester = w.requester
  -- The two rows of one copy may differ by a second or two.
  WHERE r.read_at BETWEEN w.request_time - CAST($gap AS INTERVAL) AND w.request_time + INTERVAL '2 seconds'
)
SELECT requester, remote_ip, bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT name) FILTER (WHERE http_status <> 403) AS keys_rewritten,
       count(DISTINCT name) FILTER (WHERE http_status = 403) AS keys_refused,
       count(DISTINCT name) FILTER (WHERE operation = 'REST.COPY.OBJECT') AS by_copy,
       evidence(log_file, log_line, request_time) AS evidence
FROM rewrites
GROUP BY requester, remote_ip, bucket, hour
HAVING count(DISTINCT name) >= $keys
ORDER BY keys_rewritten DESC, first_seen, requester, remote_ip, bucket
