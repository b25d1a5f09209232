-- title: Served pages replaced by somebody new
-- question: Was content that visitors are served written by a principal that had not written there before?
-- pack: destruction
-- kind: detection
-- severity: medium
-- attack: T1491.002
-- parameter: extensions text html,htm,js,css — endings of keys, with commas between them
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: evidence — up to three log_file:log_line to look at
-- false positives: A deployment role with a new name.
-- source: Published rules on defacement

WITH served AS (
  SELECT DISTINCT bucket FROM logs
  WHERE operation = 'WEBSITE.GET.OBJECT' OR (requester IS NULL AND operation = 'REST.GET.OBJECT' AND http_status = 200)
),
writes AS (
  SELECT *, regexp_replace(lower(object_key(key, operation)), '^.*[.]', '') AS extension
  FROM logs
  WHERE operation IN ('REST.PUT.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.OBJECT') AND http_status BETWEEN 200 AND 299
),
-- The first day of writes to a bucket tells who usually writes there.
usual AS (
  SELECT DISTINCT w.bucket, coalesce(role_name(w.requester), w.requester) AS writer
  FROM writes w JOIN (SELECT bucket, min(request_time) AS began FROM writes GROUP BY bucket) b ON b.bucket = w.bucket
  WHERE w.request_time < b.began + INTERVAL '1 day'
)
SELECT w.requester, w.remote_ip, w.bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT w.key) AS keys,
       evidence(log_file, log_line, request_time) AS evidence
FROM writes w
JOIN served s ON s.bucket = w.bucket
LEFT JOIN usual u ON u.bucket = w.bucket AND u.writer = coalesce(role_name(w.requester), w.requester)
WHERE u.writer IS NULL AND array_has(string_to_array($extensions, ','), w.extension)
GROUP BY w.requester, w.remote_ip, w.bucket
ORDER BY keys DESC, first_seen, w.requester NULLS FIRST, w.remote_ip, w.bucket
