-- title: Activity of a principal or access key
-- question: What did a principal, or the URLs signed with an access key, touch: buckets, operations, objects, first and last time?
-- pack: credentials
-- kind: report
-- severity: info
-- attack: T1078.004
-- parameter: who text % — LIKE pattern of the principal or requester; use `anonymous` for callers without credentials
-- parameter: key_id text  — access key id; logged only for presigned URLs
-- column: principal — who acted, independent of the session
-- column: bucket — bucket
-- column: operation — operation as logged
-- column: events — matching requests of the principal
-- column: failed — failed requests
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: sessions — number of requesters
-- column: addresses — number of source IPs
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: evidence — up to three records as log_file:log_line
-- false positives: Informational only.
-- cannot tell: The key id of requests signed in a header: CloudTrail has it.
-- source: saltmine

SELECT r.principal, r.bucket, r.operation, count(DISTINCT r.record) AS events, count(*) FILTER (WHERE r.http_status >= 400) AS failed, count(DISTINCT r.object) AS keys, sum(r.bytes_sent) AS bytes,
       count(DISTINCT r.requester) AS sessions, count(DISTINCT r.remote_ip) AS addresses, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM requests r
WHERE CASE WHEN $key_id <> '' THEN access_key_id(r.request_uri) = $key_id ELSE r.principal LIKE $who OR coalesce(r.requester, 'anonymous') LIKE $who END
GROUP BY r.principal, r.bucket, r.operation
ORDER BY first_seen, r.principal, r.bucket, r.operation
