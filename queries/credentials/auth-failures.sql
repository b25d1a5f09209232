-- title: Wrong, unknown or expired credentials
-- question: Who presented credentials that are wrong, unknown or expired, and how many different ones?
-- pack: credentials
-- kind: detection
-- severity: medium
-- attack: T1110
-- parameter: min_failures integer 5 — failures of one network from which it is shown
-- parameter: many integer 5 — different access key ids of one network from which it is medium: programs have one or two
-- parameter: codes text InvalidAccessKeyId,SignatureDoesNotMatch,ExpiredToken,InvalidToken,RequestTimeTooSkewed,TokenRefreshRequired,InvalidSecurity,AuthorizationHeaderMalformed,AuthorizationQueryParametersError — error codes, with commas between them
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
-- column: error_codes — error codes seen
-- column: keys — distinct keys
-- column: key_ids — distinct access key ids; only signed URLs have them
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line
-- false positives: Clocks that are wrong, keys rotated under old programs, sessions that ended: low.
-- cannot tell: Which key it was, where the signature was in a header: no log of AWS has it.
-- next: Look whether the same network was let in by other credentials.
-- source: These requests are in these logs and not in CloudTrail; query of our own

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
