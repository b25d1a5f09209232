-- title: Known principals at addresses new for them
-- question: Which principals came from an address never seen for them before the last part of the logs?
-- pack: exfiltration
-- kind: detection
-- severity: low
-- attack: T1078.004
-- parameter: tail float 0.25 — share of the logs' span, at its end, in which an address counts as new
-- parameter: min_events integer 5 — requests from the new address from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: known_since — first request of the principal at any address
-- column: evidence — up to three log_file:log_line to look at
-- false positives: People who travel, functions and containers with public addresses, a changed NAT gateway.
-- source: Published searches for new addresses; own

WITH span AS (
  SELECT max(request_time) AS last, date_part('epoch', max(request_time)) - date_part('epoch', min(request_time)) AS seconds
  FROM logs
),
pairs AS (
  SELECT requester, remote_ip, CASE WHEN count(DISTINCT bucket) = 1 THEN min(bucket) END AS bucket, count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen, sum(bytes_sent) AS bytes,
         evidence(log_file, log_line, request_time) AS evidence
  FROM logs
  WHERE requester IS NOT NULL AND remote_ip IS NOT NULL AND http_status < 400
    -- A presigned URL is used by others than the one who signed it.
    AND authentication_type IS DISTINCT FROM 'QueryString'
  GROUP BY requester, remote_ip
),
aged AS (SELECT *, min(first_seen) OVER (PARTITION BY requester) AS known_since FROM pairs)
SELECT p.requester, p.remote_ip, p.bucket, p.events, p.first_seen, p.last_seen, p.bytes, p.known_since, p.evidence
FROM aged p CROSS JOIN span s
WHERE date_part('epoch', p.first_seen) >= date_part('epoch', s.last) - $tail * s.seconds
  AND date_part('epoch', p.known_since) < date_part('epoch', s.last) - $tail * s.seconds
  AND p.events >= $min_events
ORDER BY p.bytes DESC NULLS LAST, p.requester, p.remote_ip
