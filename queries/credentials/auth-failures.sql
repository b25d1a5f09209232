-- title: Bad or expired credentials
-- question: Who presented credentials that are wrong, unknown or expired?
-- pack: credentials
-- kind: detection
-- severity: low
-- attack: T1110
-- parameter: min_failures integer 5 — failures of one address from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: error_codes — error codes seen
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: key_ids — distinct access key ids
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Clocks that are wrong, keys rotated under old programs, expired links.
-- source: These requests are in these logs and not in CloudTrail; query of our own

WITH hits AS (
  SELECT * FROM logs
  WHERE error_code IN ('InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken',
                       'RequestTimeTooSkewed', 'TokenRefreshRequired', 'InvalidSecurity',
                       'AuthorizationHeaderMalformed', 'AuthorizationQueryParametersError')
)
SELECT CASE WHEN count(DISTINCT requester) = 1 THEN min(requester) END AS requester, remote_ip, bucket,
       array_sort(array_agg(DISTINCT error_code)) AS error_codes,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, count(DISTINCT access_key_id(request_uri)) AS key_ids,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY remote_ip, bucket
HAVING count(*) >= $min_failures
ORDER BY events DESC, remote_ip, bucket
