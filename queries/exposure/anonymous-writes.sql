-- title: Writes and deletes without credentials
-- question: Did anybody without credentials write or delete, or try to?
-- pack: exposure
-- kind: detection
-- severity: high
-- attack: T1565.001
-- parameter: min_successes integer 1 — successes of one address from which it is shown
-- parameter: min_refusals integer 20 — refusals of one address from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: successes — how many succeeded
-- column: refusals — how many were refused
-- column: keys — distinct keys
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: operations — operations seen
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Backup tools that aim at the wrong bucket (refused only). Upload forms are signed and do not show here.
-- source: AWS documentation, "Identifying requests using server access logs"; reports of bills run up by refused writes

WITH hits AS (
  SELECT requester, remote_ip, bucket, operation, key, object_size, http_status, request_time, log_file, log_line
  FROM logs
  WHERE requester IS NULL AND authentication_type IS NULL
    AND operation IN ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.COPY.PART', 'REST.PUT.PART',
                      'REST.POST.UPLOAD', 'REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT', 'REST.PUT.ACL',
                      'REST.PUT.BUCKETPOLICY', 'REST.POST.MULTI_OBJECT_DELETE')
)
SELECT requester, remote_ip, bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(*) FILTER (WHERE http_status BETWEEN 200 AND 299) AS successes,
       count(*) FILTER (WHERE http_status = 403) AS refusals,
       count(DISTINCT key) AS keys, sum(object_size) AS bytes,
       array_sort(array_agg(DISTINCT operation)) AS operations,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket
HAVING count(*) FILTER (WHERE http_status BETWEEN 200 AND 299) >= $min_successes
    OR count(*) FILTER (WHERE http_status = 403) >= $min_refusals
ORDER BY successes DESC, refusals DESC, bucket, remote_ip
