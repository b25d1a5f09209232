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
-- column: note — set if every request of the bucket is marked, as on servers other than S3; else null
-- false positives: Log delivery, and old uploads from other accounts. Servers other than S3 that mark every request.
-- source: AWS documentation, "Identifying access log requests that require an ACL"

WITH marked AS (
  SELECT bucket, bool_and(acl_required IS NOT DISTINCT FROM 'Yes') AS is_always FROM logs GROUP BY bucket
)
SELECT l.bucket, l.requester, l.operation, is_anonymous(l.requester) AS anonymous,
       count(*) AS events, min(l.request_time) AS first_seen, max(l.request_time) AS last_seen,
       count(DISTINCT l.remote_ip) AS addresses, count(DISTINCT l.key) AS keys,
       CASE WHEN m.is_always THEN 'every request to this bucket has acl_required = Yes, so the field is inconclusive' END AS note
FROM logs l JOIN marked m ON m.bucket IS NOT DISTINCT FROM l.bucket
WHERE l.acl_required = 'Yes'
GROUP BY l.bucket, l.requester, l.operation, m.is_always
HAVING count(*) >= $min_requests
ORDER BY events DESC, l.bucket, l.requester NULLS FIRST, l.operation
