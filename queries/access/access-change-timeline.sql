-- title: Changes of who may reach the data
-- question: Who changed a policy, an ACL, the public access block, ownership or another setting of access, from where, with what result?
-- pack: access
-- kind: detection
-- severity: low
-- attack: T1098
-- parameter: include_failed boolean true — whether refused attempts are shown
-- parameter: object_acl_min integer 1 — changes of object ACLs by one requester from which they are shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: object_acl — whether of an object, not the bucket
-- column: user_agent — one of the agents
-- column: succeeded — how many succeeded
-- column: failed — how many failed
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Infrastructure as code (group by role), wizards of the console, and the public access block set when a bucket is made.
-- source: AWS customer playbooks for ransom in S3; own

WITH hits AS (
  SELECT *, operation = 'REST.PUT.ACL' AND key IS NOT NULL AS object_acl
  FROM logs
  WHERE regexp_like(operation, '^REST[.](PUT|DELETE)[.](BUCKETPOLICY|ACL|PUBLIC_ACCESS_BLOCK|OWNERSHIP_CONTROLS|CORS|WEBSITE|NOTIFICATION|REQUEST_PAYMENT|ACCELERATE|INVENTORY|ANALYTICS|METRICS)$')
    AND ($include_failed OR http_status < 400)
)
SELECT requester, remote_ip, bucket, operation, object_acl, min(user_agent) AS user_agent,
       count(*) FILTER (WHERE http_status < 400) AS succeeded, count(*) FILTER (WHERE http_status >= 400) AS failed,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, remote_ip, bucket, operation, object_acl
HAVING NOT object_acl OR count(*) >= $object_acl_min
ORDER BY first_seen, requester NULLS FIRST, remote_ip, bucket, operation, object_acl
