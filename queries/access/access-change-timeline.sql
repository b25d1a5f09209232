-- title: Bucket access and settings changes
-- question: Who changed a policy, ACL, public access block, ownership or other setting of a bucket, from where, and did it succeed?
-- pack: access
-- kind: detection
-- severity: medium
-- attack: T1098
-- attack: T1685
-- parameter: include_failed boolean true — whether to include refused attempts
-- parameter: object_acl_min integer 1 — minimum object ACL changes by one principal
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
-- column: operation — operation as logged
-- column: object_acl — whether the ACL belongs to an object, not to the bucket
-- column: user_agent — the user agent, if there is only one
-- column: succeeded — successful requests
-- column: failed — failed requests
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Infrastructure as code, console wizards, and the public access block set when a bucket is created: rated low.
-- cannot tell: The content of a policy or ACL, and account-wide public access blocks: CloudTrail has PutBucketPolicy, PutBucketAcl and PutAccountPublicAccessBlock with their parameters.
-- next: Compare with change tickets; check exposure-window and guardrail-strip for the same bucket.
-- source: AWS customer playbooks for ransom in S3
-- source: saltmine

WITH hits AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.operation, r.user_agent, r.action, r.record, r.request_time, r.log_file, r.log_line,
         r.operation = 'REST.PUT.ACL' AND r.object IS NOT NULL AS object_acl,
         coalesce(d.days_before >= 2 AND d.change_days_before = 0, false) AS is_first, coalesce(o.is_new AND o.is_public, false) AS is_new_public
  FROM requests r LEFT JOIN profile_day d ON d.principal = r.principal AND d.bucket = r.bucket AND d.day = date_trunc('day', r.request_time)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  WHERE operation_class(r.operation) IN ('access_change', 'config_change') AND NOT r.is_aws AND ($include_failed OR r.action IS NOT NULL)
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
       r.operation, r.object_acl, CASE WHEN count(DISTINCT r.user_agent) = 1 THEN min(r.user_agent) END AS user_agent,
       count(DISTINCT CASE WHEN r.action IS NOT NULL THEN r.record END) AS succeeded, count(DISTINCT CASE WHEN r.action IS NULL THEN r.record END) AS failed,
       CASE WHEN bool_or(r.action IS NOT NULL AND r.is_new_public) THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN bool_or(r.is_new_public) THEN 'from a public network that is new for this principal' END,
         CASE WHEN bool_or(r.is_first) THEN 'never changed settings before' END,
         CASE WHEN bool_and(r.action IS NULL) THEN 'all refused' END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r
GROUP BY r.principal, r.bucket, r.operation, r.object_acl
HAVING NOT r.object_acl OR count(DISTINCT r.record) >= $object_acl_min
ORDER BY first_seen, r.principal, r.bucket, r.operation, r.object_acl
