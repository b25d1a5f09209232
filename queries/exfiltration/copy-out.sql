-- title: Copies to buckets that are not in these logs
-- question: Was data copied by S3 itself to another bucket, perhaps one whose logs we do not have?
-- pack: exfiltration
-- kind: detection
-- severity: medium
-- attack: T1537
-- parameter: min_copies integer 20 — copies from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: destination — the bucket copied to; null where no log of it is here
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: evidence — up to three log_file:log_line to look at
-- false positives: The destination is ours and only not logged. That both rows of a copy share a request id is not documented.
-- source: AWS customer playbooks name runs of copy reads; the join is our own

WITH sources AS (
  SELECT * FROM logs
  WHERE operation IN ('REST.COPY.OBJECT_GET', 'REST.COPY.PART_GET') AND http_status BETWEEN 200 AND 299
),
targets AS (
  SELECT DISTINCT request_id, bucket FROM logs WHERE operation IN ('REST.COPY.OBJECT', 'REST.COPY.PART')
)
SELECT g.requester, min(g.remote_ip) AS remote_ip, g.bucket, t.bucket AS destination,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT g.key) AS keys, sum(g.object_size) AS bytes,
       evidence(log_file, log_line, request_time) AS evidence
FROM sources g LEFT JOIN targets t ON t.request_id = g.request_id
WHERE t.bucket IS DISTINCT FROM g.bucket
GROUP BY g.requester, g.bucket, t.bucket
HAVING count(*) >= $min_copies
ORDER BY events DESC, g.requester NULLS FIRST, g.bucket, destination NULLS FIRST
