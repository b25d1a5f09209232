-- title: Invalid, unknown or expired credentials
-- question: Who presented invalid, unknown or expired credentials, and how many different ones?
-- pack: credentials
-- kind: detection
-- severity: medium
-- attack: T1110
-- parameter: min_failures integer 5 — minimum failures per network
-- parameter: many integer 5 — distinct access key ids per network for medium; programs have one or two
-- parameter: codes text InvalidAccessKeyId,SignatureDoesNotMatch,ExpiredToken,InvalidToken,RequestTimeTooSkewed,TokenRefreshRequired,InvalidSecurity,AuthorizationHeaderMalformed,AuthorizationQueryParametersError — comma-separated error codes
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
-- column: error_codes — error codes seen
-- column: keys — distinct keys
-- column: key_ids — distinct access key ids; logged only for presigned URLs
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Clock skew, rotated keys still used by old programs, expired sessions: rated low.
-- cannot tell: Which key was used if the signature was in a header: no AWS log records it.
-- next: Check whether the same network succeeded with other credentials.
-- source: saltmine; these requests are in access logs but not in CloudTrail

WITH hits AS (
  SELECT principal, requester, remote_ip, ip_network(remote_ip) AS network, bucket, object, error_code, access_key_id(request_uri) AS key_id, record, request_time, log_file, log_line
  FROM requests WHERE error_code IS NOT NULL AND array_has(string_to_array($codes, ','), error_code)
)
SELECT CASE WHEN count(DISTINCT r.principal) = 1 THEN min(r.principal) END AS principal, CASE WHEN count(DISTINCT r.principal) = 1 THEN min(r.requester) END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip, count(DISTINCT r.remote_ip) AS addresses,
       array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips, count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen,
       array_sort(array_agg(DISTINCT r.error_code)) AS error_codes, count(DISTINCT r.object) AS keys, count(DISTINCT r.key_id) AS key_ids,
       CASE WHEN count(DISTINCT r.key_id) >= $many THEN 'medium' ELSE 'low' END AS severity,
       CASE WHEN count(DISTINCT r.key_id) >= $many THEN concat(count(DISTINCT r.key_id), ' different access key ids') END AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r
GROUP BY r.network, r.bucket
HAVING count(DISTINCT r.record) >= $min_failures
ORDER BY events DESC, first_seen, r.bucket
