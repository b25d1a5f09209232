-- title: Very many keys or bytes within the hour
-- question: Which principal at which address read unusually many keys or bytes in a short time?
-- pack: exfiltration
-- kind: detection
-- severity: high
-- attack: T1530
-- parameter: keys integer 1000 — distinct keys from which it is shown
-- parameter: bytes integer 10737418240 — bytes from which it is shown
-- parameter: window interval 1 hour — length of the windows, which do not overlap
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: window_start — begin of the window
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: evidence — up to three log_file:log_line to look at
-- false positives: ETL, backups, crawlers, trials of a restore.
-- source: AWS documentation, "bytes sent to an address"; thresholds of our own

WITH hits AS (
  SELECT requester, remote_ip, bucket, key, request_time, log_file, log_line,
         -- A copy sends nothing to the client: what was copied counts.
         CASE WHEN operation LIKE 'REST.COPY.%' THEN object_size ELSE bytes_sent END AS taken
  FROM logs
  WHERE operation IN ('REST.GET.OBJECT', 'REST.COPY.OBJECT_GET', 'REST.COPY.PART_GET', 'WEBSITE.GET.OBJECT')
    AND http_status IN (200, 206)
)
SELECT requester, remote_ip, bucket, date_bin(CAST($window AS INTERVAL), request_time) AS window_start,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, sum(taken) AS bytes,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket, date_bin(CAST($window AS INTERVAL), request_time)
HAVING count(DISTINCT key) >= $keys OR sum(taken) >= $bytes
ORDER BY bytes DESC NULLS LAST, window_start, requester NULLS FIRST, remote_ip, bucket
