-- title: Refused, then allowed
-- question: Who was refused, and soon afterwards allowed the same operation?
-- pack: access
-- kind: detection
-- severity: low
-- attack: T1078.004
-- parameter: within interval 24 hours — longest time between the first refusal and the first success
-- parameter: min_denials integer 3 — refusals from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: denials — how many were refused
-- column: successes — how many succeeded
-- column: first_denied — first refusal
-- column: first_allowed — first success
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Tickets for permissions being worked on; look at access-change-timeline beside it.
-- source: Own

WITH tries AS (
  SELECT requester, bucket, operation, CASE WHEN count(DISTINCT remote_ip) = 1 THEN min(remote_ip) END AS remote_ip,
         min(request_time) FILTER (WHERE http_status = 403) AS first_denied,
         min(request_time) FILTER (WHERE http_status BETWEEN 200 AND 299) AS first_allowed,
         count(*) FILTER (WHERE http_status = 403) AS denials,
         count(*) FILTER (WHERE http_status BETWEEN 200 AND 299) AS successes,
         count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
         evidence(log_file, log_line, request_time) AS evidence
  FROM logs
  WHERE requester IS NOT NULL AND (http_status = 403 OR http_status BETWEEN 200 AND 299)
  GROUP BY requester, bucket, operation
)
SELECT requester, remote_ip, bucket, operation, denials, successes, first_denied, first_allowed,
       events, first_seen, last_seen, evidence
FROM tries
WHERE first_allowed > first_denied AND first_allowed <= first_denied + CAST($within AS INTERVAL)
  AND denials >= $min_denials
ORDER BY first_denied, requester, bucket, operation
