-- title: Signatures of version 2
-- question: Who still signs with version 2?
-- pack: transport
-- kind: detection
-- severity: low
-- attack: T1550.001
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
-- column: client — family of the agent
-- column: in_url — signed in the URL, where the log shows the signature
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line
-- false positives: Old programs. The parameter of a signature in a URL that S3 did not check is not one.
-- cannot tell: Which key signed, where the signature was in a header: CloudTrail has userIdentity.accessKeyId.
-- next: Move the program to version 4: version 2 has no Region and may live for ever.
-- source: AWS documentation, "Identifying Signature Version 2 requests"

WITH hits AS (
  SELECT *, agent_family(user_agent) AS client FROM requests WHERE signature_version = 'SigV2'
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.client, count(*) FILTER (WHERE r.authentication_type = 'QueryString') AS in_url,
       'low' AS severity, CAST(NULL AS VARCHAR) AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r
GROUP BY r.principal, r.bucket, r.client
ORDER BY events DESC, r.principal, r.bucket, r.client
