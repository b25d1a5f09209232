-- title: Many settings of a bucket read at once
-- question: Who read many different settings of a bucket within minutes?
-- pack: reconnaissance
-- kind: detection
-- severity: low
-- attack: T1580
-- parameter: kinds integer 8 — different settings from which it is shown
-- parameter: window interval 10 minutes — length of the windows, which do not overlap
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: kinds — distinct settings read
-- column: denied — how many got 403
-- column: client — family of the agent
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line to look at
-- false positives: The S3 console and every posture scanner do exactly this: know their roles, and look who does it for the first time.
-- source: Own

WITH hits AS (
  SELECT * FROM logs
  WHERE operation LIKE 'REST.GET.%' AND key IS NULL
    AND operation NOT IN ('REST.GET.OBJECT', 'REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS', 'REST.GET.UPLOADS')
)
SELECT requester, remote_ip, bucket, count(DISTINCT operation) AS kinds,
       count(*) FILTER (WHERE http_status = 403) AS denied, min(agent_family(user_agent)) AS client,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket, date_bin(CAST($window AS INTERVAL), request_time)
HAVING count(DISTINCT operation) >= $kinds
ORDER BY kinds DESC, first_seen, requester NULLS FIRST, remote_ip, bucket
