-- title: One session in two places
-- question: Is one role session used from a private and a public address, or from several addresses, within minutes?
-- pack: credentials
-- kind: detection
-- severity: low
-- attack: T1552.005
-- parameter: window interval 10 minutes — length of the windows, which do not overlap
-- parameter: addresses integer 3 — different addresses from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: addresses — distinct addresses
-- column: private_and_public — whether both private and public addresses
-- column: regions — distinct source Regions
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Functions that share a session name, hosts with both NAT and an endpoint, several containers with one role.
-- source: Own

WITH hits AS (
  SELECT * FROM logs
  WHERE principal_type(requester) = 'assumed_role' AND remote_ip IS NOT NULL
    -- Whoever holds a presigned URL is not who signed it.
    AND coalesce(authentication_type, '') NOT IN ('QueryString', 'HtmlForm')
)
SELECT requester, CASE WHEN count(DISTINCT remote_ip) = 1 THEN min(remote_ip) END AS remote_ip, CASE WHEN count(DISTINCT bucket) = 1 THEN min(bucket) END AS bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT remote_ip) AS addresses,
       bool_or(is_private_ip(remote_ip)) AND bool_or(NOT is_private_ip(remote_ip)) AS private_and_public,
       count(DISTINCT source_region) AS regions,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, date_bin(CAST($window AS INTERVAL), request_time)
HAVING count(DISTINCT remote_ip) >= $addresses
    OR (bool_or(is_private_ip(remote_ip)) AND bool_or(NOT is_private_ip(remote_ip)))
ORDER BY first_seen, requester
