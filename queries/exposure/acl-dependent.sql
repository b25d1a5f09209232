-- title: Requests that only an ACL allowed
-- question: Which requests still need an ACL, and whose are they?
-- pack: exposure
-- kind: report
-- severity: info
-- parameter: min_requests integer 1 — requests of one requester from which they are shown
-- column: bucket — the bucket
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: operation — operation as logged
-- column: anonymous — whether, or how many, without credentials
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: addresses — distinct addresses
-- column: keys — distinct keys
-- false positives: Log delivery, and uploads of long ago from other accounts.
-- source: AWS documentation, "Identifying access log requests that require an ACL"

SELECT bucket, requester, operation, is_anonymous(requester) AS anonymous,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT remote_ip) AS addresses, count(DISTINCT key) AS keys
FROM logs
WHERE acl_required = 'Yes'
GROUP BY bucket, requester, operation
HAVING count(*) >= $min_requests
ORDER BY events DESC, bucket, requester NULLS FIRST, operation
