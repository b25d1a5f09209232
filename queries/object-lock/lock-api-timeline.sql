-- title: Calls that concern object lock
-- question: Who read or set retention, legal hold or the lock configuration?
-- pack: object-lock
-- kind: detection
-- severity: low
-- attack: T1490
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: changes — whether it sets something
-- column: failed — how many failed
-- column: keys — distinct keys
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Backup software that renews its retention.
-- source: Own; sources disagree on the operation names, so the URI is looked at too

WITH hits AS (
  SELECT * FROM logs
  WHERE regexp_like(coalesce(request_uri, ''), '[?&](retention|legal-hold|object-lock)([=& ]|$)')
     OR regexp_like(operation, 'RETENTION|LEGAL_?HOLD|OBJECT_LOCK')
)
SELECT requester, remote_ip, bucket, operation, operation LIKE 'REST.PUT.%' AS changes,
       count(*) FILTER (WHERE http_status >= 400) AS failed, count(DISTINCT key) AS keys,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket, operation
ORDER BY changes DESC, first_seen, requester NULLS FIRST, remote_ip, bucket, operation
