-- title: Silence after a change of logging
-- question: Did a bucket go quiet after its logging was changed?
-- pack: integrity
-- kind: detection
-- severity: medium
-- attack: T1562.008
-- parameter: window interval 24 hours — time before and after the change that is compared
-- parameter: share float 0.1 — share of the earlier records at and below which it is quiet
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: before — records before the change
-- column: after — records after the change
-- column: first_after — first record later than an hour after the change
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Logs that go to another place now; a change takes up to an hour, which is left out.
-- source: Published rules see only the event; the comparison is our own

WITH changes AS (
  SELECT requester, remote_ip, bucket, request_time AS changed_at, log_file || ':' || log_line AS place FROM logs
  WHERE operation = 'REST.PUT.LOGGING_STATUS' AND http_status BETWEEN 200 AND 299
),
ending AS (SELECT max(request_time) AS last FROM logs),
around AS (
  SELECT c.requester, c.remote_ip, c.bucket, c.changed_at, c.place,
         count(*) FILTER (WHERE l.request_time < c.changed_at AND l.request_time >= c.changed_at - CAST($window AS INTERVAL)) AS before,
         count(*) FILTER (WHERE l.request_time > c.changed_at + INTERVAL '1 hour'
                            AND l.request_time <= c.changed_at + INTERVAL '1 hour' + CAST($window AS INTERVAL)) AS after,
         min(l.request_time) FILTER (WHERE l.request_time > c.changed_at + INTERVAL '1 hour') AS first_after
  FROM changes c JOIN logs l ON l.bucket = c.bucket
  GROUP BY c.requester, c.remote_ip, c.bucket, c.changed_at, c.place
)
SELECT a.requester, a.remote_ip, a.bucket, 1 AS events, a.changed_at AS first_seen, a.changed_at AS last_seen,
       a.before, a.after, a.first_after, make_array(a.place) AS evidence
FROM around a CROSS JOIN ending e
-- Without logs for the time after the change nothing can be said.
WHERE e.last >= a.changed_at + INTERVAL '1 hour' + CAST($window AS INTERVAL)
  AND a.before > 0 AND a.after <= $share * a.before
ORDER BY a.changed_at, a.bucket, a.requester, a.place
