-- title: Human access outside working hours
-- question: Which people read data outside working hours?
-- pack: exfiltration
-- kind: report
-- severity: info
-- attack: T1078.004
-- parameter: utc_offset interval 0 hours — offset of local time from UTC
-- parameter: from_hour integer 8 — first working hour
-- parameter: to_hour integer 18 — first hour after working hours
-- parameter: humans text :person/|^arn:[^:]+:iam::[0-9]{12}:user/ — regular expression matching principals that are people
-- column: principal — who acted, independent of the session: role, user or person
-- column: requester — the requester if there is only one, otherwise the principal; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — bucket
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: evidence — up to three records as log_file:log_line
-- false positives: Any program that runs under a personal identity. Without a list of people this query shows every batch job, so it is a report.
-- source: saltmine

WITH hits AS (
  SELECT r.*, r.request_time + CAST($utc_offset AS INTERVAL) AS local_time
  FROM requests r WHERE r.action = 'read' AND NOT r.is_aws AND regexp_like(r.principal, $humans)
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.object) AS keys, sum(r.bytes_sent) AS bytes, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r
WHERE date_part('hour', r.local_time) < $from_hour OR date_part('hour', r.local_time) >= $to_hour OR date_part('dow', r.local_time) IN (0, 6)
GROUP BY r.principal, r.bucket
ORDER BY bytes DESC NULLS LAST, r.principal, r.bucket
