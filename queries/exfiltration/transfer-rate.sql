-- title: Rate and duration of downloads
-- question: How fast, how long and how much did each principal read from public networks?
-- pack: exfiltration
-- kind: report
-- severity: info
-- attack: T1030
-- attack: T1530
-- column: principal — who, whatever the session
-- column: bucket — the bucket, where there is one
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: hours_active — hours with reads
-- column: bytes — bytes of the objects
-- column: most_an_hour — bytes of the busiest hour
-- column: usual_an_hour — bytes of an hour with reads, on average
-- column: keys — distinct keys
-- column: events — requests of the principal that match
-- false positives: None: a list.
-- source: Own

WITH hours AS (
  SELECT principal, bucket, date_trunc('hour', request_time) AS hour, sum(bytes_sent) AS bytes, count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen FROM requests
  WHERE action = 'read' AND NOT is_aws AND NOT is_private_ip(remote_ip) GROUP BY 1, 2, 3
),
named AS (SELECT principal, bucket, count(DISTINCT object) AS keys FROM requests WHERE action = 'read' AND NOT is_aws AND NOT is_private_ip(remote_ip) GROUP BY 1, 2)
SELECT h.principal, h.bucket, min(h.first_seen) AS first_seen, max(h.last_seen) AS last_seen, count(*) AS hours_active, sum(h.bytes) AS bytes, max(h.bytes) AS most_an_hour,
       CAST(round(avg(h.bytes)) AS BIGINT) AS usual_an_hour, max(n.keys) AS keys, sum(h.events) AS events
FROM hours h JOIN named n ON n.principal = h.principal AND n.bucket = h.bucket GROUP BY h.principal, h.bucket
ORDER BY bytes DESC NULLS LAST, h.principal, h.bucket
