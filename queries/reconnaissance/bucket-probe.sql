-- title: Refused at several buckets
-- question: Who was refused at several of our buckets within a day?
-- pack: reconnaissance
-- kind: detection
-- severity: medium
-- attack: T1619
-- parameter: buckets integer 5 — different buckets from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: buckets — buckets seen
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Scripts that make inventories.
-- source: Published rules on enumeration

WITH hits AS (SELECT * FROM logs WHERE http_status IN (301, 403, 404))
SELECT requester, remote_ip, min(bucket) AS bucket, array_sort(array_agg(DISTINCT bucket)) AS buckets,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, date_trunc('day', request_time)
HAVING count(DISTINCT bucket) >= $buckets
ORDER BY events DESC, first_seen, requester NULLS FIRST, remote_ip
