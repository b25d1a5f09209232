-- title: A listing, then many of its keys
-- question: Who listed a bucket and then fetched many of its keys?
-- pack: exfiltration
-- kind: detection
-- severity: medium
-- attack: T1619
-- parameter: window interval 30 minutes — length of the windows, which do not overlap
-- parameter: keys integer 100 — distinct keys from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: lists — listings
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: evidence — up to three log_file:log_line to look at
-- false positives: `aws s3 sync`, Athena and Spark; look at the agent.
-- source: Own

WITH hits AS (
  SELECT requester, remote_ip, bucket, key, bytes_sent, request_time, log_file, log_line,
         operation IN ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS') AS listing
  FROM logs
  WHERE operation IN ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS', 'REST.GET.OBJECT') AND http_status IN (200, 206)
)
SELECT requester, remote_ip, bucket, count(*) FILTER (WHERE listing) AS lists,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) FILTER (WHERE NOT listing) AS keys, sum(bytes_sent) FILTER (WHERE NOT listing) AS bytes,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket, date_bin(CAST($window AS INTERVAL), request_time)
HAVING count(DISTINCT key) FILTER (WHERE NOT listing) >= $keys
   AND min(request_time) FILTER (WHERE listing) <= min(request_time) FILTER (WHERE NOT listing)
ORDER BY bytes DESC NULLS LAST, first_seen, requester NULLS FIRST, remote_ip, bucket
