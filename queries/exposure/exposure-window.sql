-- title: How long a bucket was open to everybody
-- question: Between which changes was the bucket publicly readable, and what was read meanwhile?
-- pack: exposure
-- kind: detection
-- severity: medium
-- attack: T1530
-- parameter: grace interval 0 seconds — how much later than the first anonymous read the opening change may be logged
-- column: bucket — the bucket
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: opened_not_before — last change of access before the first read
-- column: closed_not_after — first change of access after the last read
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: addresses — distinct addresses
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: evidence — up to three log_file:log_line to look at
-- false positives: The bucket was public before the logs begin (opened_not_before is null), or was opened outside the bucket, for the account.
-- source: Own

WITH reads AS (
  SELECT bucket, min(remote_ip) AS remote_ip, count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
         count(DISTINCT key) AS keys, count(DISTINCT remote_ip) AS addresses, sum(bytes_sent) AS bytes,
         evidence(log_file, log_line, request_time) AS evidence
  FROM logs
  WHERE requester IS NULL AND http_status IN (200, 206)
    AND operation IN ('REST.GET.OBJECT', 'REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS')
  GROUP BY bucket
),
changes AS (
  SELECT bucket, request_time FROM logs
  WHERE http_status BETWEEN 200 AND 299 AND key IS NULL
    AND operation IN ('REST.PUT.BUCKETPOLICY', 'REST.DELETE.BUCKETPOLICY', 'REST.PUT.ACL',
                      'REST.PUT.PUBLIC_ACCESS_BLOCK', 'REST.DELETE.PUBLIC_ACCESS_BLOCK',
                      'REST.PUT.OWNERSHIP_CONTROLS', 'REST.DELETE.OWNERSHIP_CONTROLS')
),
-- Few changes, few buckets: this join is small.
brackets AS (
  SELECT r.bucket,
         max(c.request_time) FILTER (WHERE c.request_time <= r.first_seen + CAST($grace AS INTERVAL)) AS opened_not_before,
         min(c.request_time) FILTER (WHERE c.request_time >= r.last_seen) AS closed_not_after
  FROM reads r LEFT JOIN changes c ON c.bucket = r.bucket
  GROUP BY r.bucket
)
SELECT r.bucket, CAST(NULL AS VARCHAR) AS requester, r.remote_ip, b.opened_not_before, b.closed_not_after,
       r.events, r.first_seen, r.last_seen, r.keys, r.addresses, r.bytes, r.evidence
FROM reads r JOIN brackets b ON b.bucket = r.bucket
ORDER BY r.bytes DESC NULLS LAST, r.bucket
