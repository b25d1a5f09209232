-- title: People who read at odd hours
-- question: Which human principals read outside working hours?
-- pack: exfiltration
-- kind: detection
-- severity: low
-- attack: T1078.004
-- parameter: utc_offset interval 0 hours — what local time is ahead of UTC
-- parameter: from_hour integer 8 — first working hour
-- parameter: to_hour integer 18 — first hour after work
-- parameter: humans text AWSReservedSSO|^arn:[^:]+:iam::[0-9]{12}:user/ — regular expression that tells people from programs
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Every program that runs under a person's name; without a good expression for people this shows all batch jobs.
-- source: Own

WITH hits AS (
  SELECT *, request_time + CAST($utc_offset AS INTERVAL) AS local_time
  FROM logs
  WHERE operation = 'REST.GET.OBJECT' AND http_status IN (200, 206) AND regexp_like(requester, $humans)
)
SELECT requester, remote_ip, bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, sum(bytes_sent) AS bytes,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
WHERE date_part('hour', local_time) < $from_hour OR date_part('hour', local_time) >= $to_hour
   OR date_part('dow', local_time) IN (0, 6)
GROUP BY requester, remote_ip, bucket
ORDER BY bytes DESC NULLS LAST, requester, remote_ip, bucket
