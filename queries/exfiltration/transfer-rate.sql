-- title: Download rate and duration by principal
-- question: How fast, for how long and how much did each principal download over public networks?
-- pack: exfiltration
-- kind: report
-- severity: info
-- attack: T1030
-- attack: T1530
-- column: principal — who acted, independent of the session
-- column: bucket — bucket
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: hours_active — hours with reads
-- column: bytes — size of the objects in bytes
-- column: most_an_hour — bytes in the busiest hour
-- column: usual_an_hour — average bytes per hour with reads
-- column: keys — distinct keys
-- column: events — matching requests of the principal
-- false positives: Informational only.
-- source: saltmine

WITH hours AS (
  SELECT principal, bucket, date_trunc('hour', request_time) AS hour, sum(bytes_sent) AS bytes, count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen FROM requests
  WHERE action = 'read' AND NOT is_aws AND NOT is_private_ip(remote_ip) GROUP BY 1, 2, 3
),
named AS (SELECT principal, bucket, count(DISTINCT object) AS keys FROM requests WHERE action = 'read' AND NOT is_aws AND NOT is_private_ip(remote_ip) GROUP BY 1, 2)
SELECT h.principal, h.bucket, min(h.first_seen) AS first_seen, max(h.last_seen) AS last_seen, count(*) AS hours_active, sum(h.bytes) AS bytes, max(h.bytes) AS most_an_hour,
       CAST(round(avg(h.bytes)) AS BIGINT) AS usual_an_hour, max(n.keys) AS keys, sum(h.events) AS events
FROM hours h JOIN named n ON n.principal = h.principal AND n.bucket = h.bucket GROUP BY h.principal, h.bucket
ORDER BY bytes DESC NULLS LAST, h.principal, h.bucket
