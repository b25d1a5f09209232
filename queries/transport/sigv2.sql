-- title: Legacy Signature Version 2 in use
-- question: Who still signs with Signature Version 2?
-- pack: transport
-- kind: detection
-- severity: low
-- attack: T1550.001
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
-- column: client — client family, from the user agent
-- column: in_url — whether the signature was in the URL, where the log shows it
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Old programs. A signature parameter in a URL does not count if S3 did not check it.
-- cannot tell: Which key signed if the signature was in a header: CloudTrail has userIdentity.accessKeyId.
-- next: Move the program to Signature Version 4: version 2 is not bound to a Region and its URLs can be valid indefinitely.
-- source: AWS documentation, "Identifying Signature Version 2 requests"

WITH hits AS (
  SELECT *, agent_family(user_agent) AS client FROM requests WHERE signature_version = 'SigV2'
)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, r.client, count(DISTINCT CASE WHEN r.authentication_type = 'QueryString' THEN r.record END) AS in_url,
       'low' AS severity, CAST(NULL AS VARCHAR) AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r
GROUP BY r.principal, r.bucket, r.client
ORDER BY events DESC, r.principal, r.bucket, r.client
