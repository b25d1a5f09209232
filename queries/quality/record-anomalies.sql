-- title: Records not to be trusted as they are
-- question: Which records read oddly, as forged ones do?
-- pack: quality
-- kind: detection
-- severity: low
-- attack: T1070
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: anomaly — what is odd, as in the table logs
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Quotes in agents, referers and URIs are logged as they are, and many are harmless. Lines that did not read at all are in the table rejects.
-- source: Reports on injected log lines; own

WITH hits AS (
  SELECT * FROM logs
  WHERE anomaly IS NOT NULL
     OR http_status NOT BETWEEN 100 AND 599
     OR regexp_like(coalesce(user_agent, ''), '[[:cntrl:]]|<script|^[=+@]')
)
SELECT requester, remote_ip, bucket, coalesce(anomaly, 'hostile_text') AS anomaly,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket, coalesce(anomaly, 'hostile_text')
ORDER BY events DESC, bucket, remote_ip, requester NULLS FIRST, anomaly
