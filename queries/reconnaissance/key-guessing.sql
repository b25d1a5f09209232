-- title: Names of objects being guessed
-- question: Who guesses names of objects?
-- pack: reconnaissance
-- kind: detection
-- severity: medium
-- attack: T1595.003
-- parameter: keys integer 50 — distinct keys refused or not found within an hour from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: denied — how many got 403
-- column: not_found — how many got 404
-- column: scanner — keys that scanners ask for
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
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket, date_bin(INTERVAL '1 hour', request_time)
HAVING count(DISTINCT key) >= $keys
ORDER BY keys DESC, first_seen, requester NULLS FIRST, remote_ip, bucket
