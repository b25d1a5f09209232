-- title: Clients below a version of TLS
-- question: Which clients use an old version of TLS, or a weak cipher?
-- pack: transport
-- kind: detection
-- severity: low
-- attack: T1557
-- parameter: min_rank integer 12 — the lowest version that is right: 10, 11, 12 or 13
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: tls — TLS version
-- column: cipher_suite — cipher as logged
-- column: broken — the cipher counts as broken
-- column: no_forward_secrecy — the cipher has no forward secrecy
-- column: client — family of the agent
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line to look at
-- false positives: S3 refuses less than 1.2 since February 2024, so only old logs show it: use 13 for today's.
-- source: AWS documentation on encryption in transit; own

WITH hits AS (
  SELECT *,
         regexp_like(coalesce(cipher_suite, ''), 'RC4|3DES|DES-CBC|NULL|EXPORT|MD5') AS broken,
         NOT regexp_like(coalesce(cipher_suite, ''), 'DHE|^TLS_') AS no_forward_secrecy
  FROM logs
  WHERE operation LIKE 'REST.%' AND tls_version IS NOT NULL
)
SELECT requester, CASE WHEN count(DISTINCT remote_ip) = 1 THEN min(remote_ip) END AS remote_ip, bucket, lower(tls_version) AS tls, cipher_suite, broken,
       no_forward_secrecy, agent_family(user_agent) AS client,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
WHERE tls_rank(tls_version) < $min_rank OR broken
GROUP BY requester, bucket, lower(tls_version), cipher_suite, broken, no_forward_secrecy, agent_family(user_agent)
ORDER BY tls, events DESC, requester NULLS FIRST, bucket, cipher_suite, client
