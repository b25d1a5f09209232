-- title: Several protections changed in one go
-- question: Did one principal touch two or more protections of a bucket within a short time?
-- pack: access
-- kind: detection
-- severity: high
-- attack: T1562.008
-- parameter: window interval 90 minutes — length of the windows, which do not overlap
-- parameter: min_controls integer 2 — different protections from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: controls — distinct protections touched
-- column: operations — operations seen
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Infrastructure as code sets five or more at once when it makes a bucket: leave its role out, or look for reads and deletes of the same principal afterwards.
-- source: Ported from published rules over CloudTrail

WITH hits AS (
  SELECT *, regexp_replace(operation, '^REST[.](PUT|DELETE)[.]', '') AS control
  FROM logs
  WHERE http_status BETWEEN 200 AND 299 AND key IS NULL
    AND principal_type(requester) NOT IN ('service', 'amazon_s3')
    AND operation IN ('REST.PUT.LOGGING_STATUS', 'REST.PUT.VERSIONING', 'REST.PUT.LIFECYCLE', 'REST.DELETE.LIFECYCLE',
                      'REST.PUT.REPLICATION', 'REST.DELETE.REPLICATION', 'REST.PUT.PUBLIC_ACCESS_BLOCK',
                      'REST.DELETE.PUBLIC_ACCESS_BLOCK', 'REST.PUT.BUCKETPOLICY', 'REST.DELETE.BUCKETPOLICY',
                      'REST.PUT.ENCRYPTION', 'REST.DELETE.ENCRYPTION', 'REST.PUT.NOTIFICATION',
                      'REST.PUT.OWNERSHIP_CONTROLS', 'REST.DELETE.OWNERSHIP_CONTROLS')
)
SELECT requester, min(remote_ip) AS remote_ip, bucket, count(DISTINCT control) AS controls,
       array_sort(array_agg(DISTINCT operation)) AS operations,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, bucket, date_bin(CAST($window AS INTERVAL), request_time)
-- Setting a policy and deleting it again is one control, not two.
HAVING count(DISTINCT control) >= $min_controls
ORDER BY controls DESC, first_seen, requester, bucket
