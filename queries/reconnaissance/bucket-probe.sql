-- title: Refused at several buckets
-- question: Who was refused at several of our buckets within a day?
-- pack: reconnaissance
-- kind: detection
-- severity: low
-- attack: T1619
-- parameter: buckets integer 5 — different buckets from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: buckets — buckets seen
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Scripts that make inventories.
-- source: Published rules on enumeration

WITH hits AS (
  SELECT *, date_trunc('day', request_time) AS day FROM logs
  -- A setting that is not set, and a key that is not there, are no refusals.
  WHERE http_status = 403 OR http_status IN (301, 404) AND operation IN ('REST.HEAD.BUCKET', 'REST.GET.BUCKET', 'REST.GET.LOCATION')
),
wide AS (
  SELECT requester, remote_ip, day FROM hits
  GROUP BY requester, remote_ip, day
  HAVING count(DISTINCT bucket) >= $buckets
)
SELECT h.requester, h.remote_ip, CASE WHEN count(DISTINCT h.bucket) = 1 THEN min(h.bucket) END AS bucket, array_sort(array_agg(DISTINCT h.bucket)) AS buckets,
       count(*) AS events, min(h.request_time) AS first_seen, max(h.request_time) AS last_seen,
       evidence(h.log_file, h.log_line, h.request_time) AS evidence
FROM wide w
JOIN hits h ON h.day = w.day AND (h.requester IS NOT DISTINCT FROM w.requester)
           AND (h.remote_ip IS NOT DISTINCT FROM w.remote_ip)
GROUP BY h.requester, h.remote_ip, h.day
ORDER BY events DESC, first_seen, h.requester NULLS FIRST, h.remote_ip
