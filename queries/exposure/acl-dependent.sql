-- title: Requests allowed only by an ACL
-- question: Which requests still depend on an ACL, and who makes them?
-- pack: exposure
-- kind: report
-- severity: info
-- parameter: min_requests integer 1 — minimum requests per requester
-- column: bucket — the bucket
-- column: requester — requester ARN or canonical id; null for anonymous
-- column: operation — operation as logged
-- column: anonymous — whether, or how many, requests had no credentials
-- column: events — matching requests
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: addresses — distinct addresses
-- column: keys — distinct keys
-- false positives: Log delivery, and old uploads from other accounts.
-- source: AWS documentation, "Identifying access log requests that require an ACL"

SELECT bucket, requester, operation, is_anonymous(requester) AS anonymous,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT remote_ip) AS addresses, count(DISTINCT key) AS keys
FROM logs
WHERE acl_required = 'Yes'
GROUP BY bucket, requester, operation
HAVING count(*) >= $min_requests
ORDER BY events DESC, bucket, requester NULLS FIRST, operation
