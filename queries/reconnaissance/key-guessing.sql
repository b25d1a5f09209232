-- title: Names of objects being guessed
-- question: Who guesses names of objects?
-- pack: reconnaissance
-- kind: detection
-- severity: medium
-- attack: T1595.003
-- parameter: keys integer 50 — distinct keys refused or not found within an hour from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: denied — how many got 403
-- column: not_found — how many got 404
-- column: scanner — keys that scanners ask for
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Broken links, single-page applications, clients that look before they write.
-- source: Published thresholds for failed requests; own

WITH hits AS (
  SELECT *,
         regexp_like(lower(key), '([.]git/|[.]env|wp-|phpmyadmin|passw|id_rsa|[.]sql|backup)') AS scanned
  FROM logs
  WHERE operation IN ('REST.GET.OBJECT', 'REST.HEAD.OBJECT', 'WEBSITE.GET.OBJECT', 'WEBSITE.HEAD.OBJECT')
    AND http_status IN (403, 404)
)
SELECT requester, remote_ip, bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, count(*) FILTER (WHERE http_status = 403) AS denied,
       count(*) FILTER (WHERE http_status = 404) AS not_found,
       count(DISTINCT key) FILTER (WHERE scanned) AS scanner,
       -- A client that probes before it writes only misses; who guesses is refused too, or nobody.
       CASE WHEN requester IS NULL OR count(*) FILTER (WHERE http_status = 403) > 0 AND count(*) FILTER (WHERE http_status = 404) > 0 THEN 'medium' ELSE 'low' END AS severity,
       CASE WHEN requester IS NULL THEN 'without credentials' WHEN count(*) FILTER (WHERE http_status = 403) > 0 AND count(*) FILTER (WHERE http_status = 404) > 0 THEN 'both refused and not found' ELSE 'only one kind of failure' END AS reasons,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket, date_bin(INTERVAL '1 hour', request_time)
HAVING count(DISTINCT key) >= $keys
ORDER BY keys DESC, first_seen, requester NULLS FIRST, remote_ip, bucket
