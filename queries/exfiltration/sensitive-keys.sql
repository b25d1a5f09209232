-- title: Secrets or database dumps read
-- question: Who read credentials, private keys, state files or database dumps, and is that new for them?
-- pack: exfiltration
-- kind: detection
-- severity: medium
-- attack: T1552.001
-- attack: T1530
-- parameter: pattern text (^|/)([.]aws/credentials|id_(rsa|dsa|ecdsa|ed25519)|[.]env([.][a-z]+)?|[^/]*[.](pem|ppk|kdbx|pfx|p12|jks|keystore|key|tfstate|dump|sql|sql[.]gz|bak)|[.]kube/config|[.]npmrc|wp-config[.]php|ntds[.]dit)$ — regular expression over the decoded key in lower case
-- parameter: except text ^$ — regular expression over requesters to ignore
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
-- column: keys — distinct keys
-- column: names — up to five of the keys
-- column: new_keys — keys that the principal had not used before
-- column: bytes — size of the objects in bytes
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Builds that read Terraform state, applications that load their settings: rated low if they did so before.
-- cannot tell: What the files contained, and whether it was used. CloudTrail shows what was done with credentials found in them.
-- next: Rotate every secret in these files, the most powerful first.
-- source: saltmine's list, based on published rules on credentials in buckets

WITH hits AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.operation, r.bytes_sent, r.object_size, r.origin, r.record, r.request_time, r.log_file, r.log_line
  FROM requests r WHERE r.action = 'read' AND NOT r.is_aws AND regexp_like(lower(r.object), $pattern) AND NOT regexp_like(coalesce(r.requester, 'anonymous'), $except)
),
-- When the principal first read such keys in this bucket, and when both were first seen.
first_uses AS (
  SELECT h.principal, h.bucket, min(h.request_time) AS since, min(p.first_seen) AS known_since, min(b.since) AS bucket_since
  FROM hits h JOIN profile_principal p ON p.principal = h.principal JOIN (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1) b ON b.bucket = h.bucket GROUP BY 1, 2
),
first_keys AS (SELECT principal, bucket, object, min(request_time) AS since FROM hits GROUP BY 1, 2, 3)
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.object) AS keys, array_slice(array_sort(array_agg(DISTINCT r.object)), 1, 5) AS names,
       count(DISTINCT CASE WHEN k.since >= f.bucket_since + INTERVAL '2 days' THEN r.object END) AS new_keys,
       sum_once(CASE WHEN r.operation LIKE 'REST.COPY.%' THEN r.object_size ELSE r.bytes_sent END, r.record) AS bytes,
       CASE WHEN r.principal = 'anonymous' OR bool_or(o.is_new AND o.is_public) OR bool_or(f.since >= f.bucket_since + INTERVAL '2 days' AND coalesce(o.is_public, false)) THEN 'medium' ELSE 'low' END AS severity,
       nullif(array_to_string(make_array(CASE WHEN r.principal = 'anonymous' THEN 'read without credentials' END,
         CASE WHEN bool_or(o.is_new AND o.is_public) THEN 'from a public network that is new for this principal' END,
         CASE WHEN bool_or(f.since >= f.bucket_since + INTERVAL '2 days') THEN 'never read such keys before' END), '; '), '') AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM hits r JOIN first_uses f ON f.principal = r.principal AND f.bucket = r.bucket JOIN first_keys k ON k.principal = r.principal AND k.bucket = r.bucket AND k.object = r.object
LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
GROUP BY r.principal, r.bucket
ORDER BY keys DESC, first_seen, r.principal, r.bucket
