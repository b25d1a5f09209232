-- title: What a principal or key did
-- question: What did a principal, or the links of an access key, touch: buckets, operations, objects, first and last?
-- pack: credentials
-- kind: report
-- severity: info
-- attack: T1078.004
-- parameter: who text % — LIKE pattern of the principal or the requester; `anonymous` for callers without credentials
-- parameter: key_id text  — access key id; only signed links have one in the log
-- column: principal — who, whatever the session
-- column: bucket — the bucket, where there is one
-- column: operation — operation as logged
-- column: events — requests of the principal that match
-- column: failed — how many failed
-- column: keys — distinct keys
-- column: bytes — bytes of the objects
-- column: sessions — number of requesters
-- column: addresses — number of source IPs
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line
-- false positives: None: a list.
-- cannot tell: The key id of requests that are signed in a header: CloudTrail has it.
-- source: Own

SELECT r.principal, r.bucket, r.operation, count(DISTINCT r.record) AS events, count(*) FILTER (WHERE r.http_status >= 400) AS failed, count(DISTINCT r.object) AS keys, sum(r.bytes_sent) AS bytes,
       count(DISTINCT r.requester) AS sessions, count(DISTINCT r.remote_ip) AS addresses, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM requests r
WHERE CASE WHEN $key_id <> '' THEN access_key_id(r.request_uri) = $key_id ELSE r.principal LIKE $who OR coalesce(r.requester, 'anonymous') LIKE $who END
GROUP BY r.principal, r.bucket, r.operation
ORDER BY first_seen, r.principal, r.bucket, r.operation
