-- title: Access keys that sign URLs
-- question: Which access key ids signed URLs, of which type are they, and which security-relevant headers did they sign?
-- pack: credentials
-- kind: report
-- severity: info
-- attack: T1552
-- column: key_id — access key id that signed
-- column: kind — long-term user key or temporary session key
-- column: requester — requester ARN or canonical id; null for anonymous
-- column: signed_headers — names of the signed headers
-- column: customer_key — whether the URL sets a customer key header
-- column: acl — whether the URL sets an ACL or grant
-- column: object_lock — whether the URL sets Object Lock or its bypass
-- column: events — matching requests
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: addresses — distinct addresses
-- false positives: The log shows the names of signed headers, not their values. Only presigned requests show a key id.
-- source: saltmine

WITH signed AS (
  SELECT *, access_key_id(request_uri) AS key_id,
         replace(lower(uri_param(request_uri, 'X-Amz-SignedHeaders')), '%3b', ';') AS signed_headers
  FROM logs WHERE request_uri LIKE '%X-Amz-Credential=%'
)
SELECT key_id, CASE substr(key_id, 1, 4) WHEN 'AKIA' THEN 'long-term' WHEN 'ASIA' THEN 'temporary' ELSE 'other' END AS kind,
       requester, signed_headers,
       signed_headers LIKE '%server-side-encryption-customer%' AS customer_key,
       signed_headers LIKE '%x-amz-acl%' OR signed_headers LIKE '%x-amz-grant%' AS acl,
       signed_headers LIKE '%object-lock%' OR signed_headers LIKE '%bypass-governance%' AS object_lock,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT remote_ip) AS addresses
FROM signed
WHERE key_id IS NOT NULL
GROUP BY key_id, requester, signed_headers
ORDER BY events DESC, key_id, requester NULLS FIRST, signed_headers
