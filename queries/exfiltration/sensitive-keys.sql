-- title: Secrets and dumps that were read
-- question: Were credentials, keys, state files or dumps read?
-- pack: exfiltration
-- kind: detection
-- severity: medium
-- attack: T1552.001
-- parameter: pattern text (^|/)([.]aws/credentials|id_(rsa|dsa|ecdsa|ed25519)|[.]env([.][a-z]+)?|[^/]*[.](pem|ppk|kdbx|pfx|p12|jks|keystore|key|tfstate|dump|sql|sql[.]gz|bak)|[.]kube/config|[.]npmrc|wp-config[.]php|ntds[.]dit)$ — regular expression over the decoded key, in lower case
-- parameter: except text ^$ — regular expression over requesters that may
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: key_decoded — the decoded key
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Builds that read Terraform state, applications that load their settings.
-- source: Own list, after published rules on credentials in buckets

WITH hits AS (
  SELECT *, principal(requester) AS who, object_key(key, operation) AS key_decoded
  FROM logs
  WHERE is_read(operation, http_status)
)
SELECT CASE WHEN count(DISTINCT h.requester) = 1 THEN min(h.requester) WHEN h.who <> 'anonymous' THEN h.who END AS requester,
       CASE WHEN count(DISTINCT h.remote_ip) = 1 THEN min(h.remote_ip) END AS remote_ip, h.bucket, h.key_decoded,
       count(*) AS events, min(h.request_time) AS first_seen, max(h.request_time) AS last_seen,
       sum(CASE WHEN h.operation LIKE 'REST.COPY.%' THEN h.object_size ELSE h.bytes_sent END) AS bytes,
       CASE WHEN h.who = 'anonymous' OR bool_or(o.is_new AND o.is_public) THEN 'medium' ELSE 'low' END AS severity,
       CASE WHEN h.who = 'anonymous' THEN 'read without credentials' WHEN bool_or(o.is_new AND o.is_public) THEN 'from a public network that is new for this principal' END AS reasons,
       evidence(h.log_file, h.log_line, h.request_time) AS evidence
FROM hits h LEFT JOIN profile_origin o ON o.principal = h.who AND o.origin = CASE WHEN is_private_ip(h.remote_ip) THEN 'private' WHEN h.source_region IS NOT NULL THEN concat('aws ', h.source_region) ELSE ip_network(h.remote_ip) END
WHERE regexp_like(lower(h.key_decoded), $pattern) AND NOT regexp_like(coalesce(h.requester, 'anonymous'), $except)
GROUP BY h.who, h.bucket, h.key_decoded
ORDER BY first_seen, bucket, key_decoded, requester NULLS FIRST, remote_ip
