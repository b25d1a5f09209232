-- title: Changes of access and other settings of buckets
-- question: Who changed a policy, an ACL, the public access block, ownership or another setting of a bucket, from where, with what result?
-- pack: access
-- kind: detection
-- severity: medium
-- attack: T1098
-- attack: T1685
-- parameter: include_failed boolean true — whether refused attempts are shown
-- parameter: object_acl_min integer 1 — changes of object ACLs by one principal from which they are shown
-- column: principal — who, whatever the session: role, user or person
-- column: requester — the requester where there is one, else the principal; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — the bucket, where there is one
-- column: events — requests of the principal that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: operation — operation as logged
-- column: object_acl — whether of an object, not the bucket
-- column: user_agent — the agent, where there is one
-- column: succeeded — how many succeeded
-- column: failed — how many failed
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line
-- false positives: Infrastructure as code, wizards of the console, and the public access block set when a bucket is made: low.
-- cannot tell: What a policy or ACL says, and blocks of public access of a whole account: CloudTrail has PutBucketPolicy, PutBucketAcl and PutAccountPublicAccessBlock with their parameters.
-- next: Compare with the change tickets; look at exposure-window and guardrail-strip for the same bucket.
-- source: AWS customer playbooks for ransom in S3
-- source: Own

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
HAVING NOT r.object_acl OR count(*) >= $object_acl_min
ORDER BY first_seen, r.principal, r.bucket, r.operation, r.object_acl
