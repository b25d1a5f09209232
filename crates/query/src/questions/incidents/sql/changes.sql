-- The largest changes, at most three of a kind. `requester` is one requester of the principal.
WITH begins AS (SELECT min(first_seen) AS first_seen, max(last_seen) AS last_seen FROM profile_principal),
fresh AS (
  SELECT 'principal' AS kind, p.principal, p.requests AS amount, CAST(0 AS BIGINT) AS bytes, to_char(p.first_seen, '%Y-%m-%d %H:%M') AS detail, CAST(NULL AS VARCHAR) AS bucket
  FROM profile_principal p CROSS JOIN begins b WHERE NOT p.is_aws AND p.first_seen > b.first_seen + INTERVAL '2 days' ORDER BY p.requests DESC, p.principal LIMIT 3
),
networks AS (
  SELECT 'network' AS kind, principal, requests AS amount, CAST(0 AS BIGINT) AS bytes, origin AS detail, CAST(NULL AS VARCHAR) AS bucket
  FROM profile_origin WHERE is_new ORDER BY requests DESC, principal LIMIT 3
),
summed AS (
  SELECT principal, bucket, bool_or(is_aws) AS is_aws, CAST(sum(reads) AS BIGINT) AS reads, CAST(sum(bytes_read) AS BIGINT) AS bytes, CAST(sum(deletes) AS BIGINT) AS deletes,
         CAST(sum(settings_changed) AS BIGINT) AS changed FROM profile_activity GROUP BY 1, 2
),
read AS (SELECT 'reads' AS kind, principal, reads AS amount, bytes, CAST(NULL AS VARCHAR) AS detail, bucket FROM summed WHERE bytes > 0 AND NOT is_aws ORDER BY bytes DESC, principal LIMIT 3),
deleted AS (SELECT 'deletes' AS kind, principal, deletes AS amount, CAST(0 AS BIGINT) AS bytes, CAST(NULL AS VARCHAR) AS detail, bucket FROM summed WHERE deletes > 0 AND NOT is_aws ORDER BY deletes DESC, principal LIMIT 3),
settings AS (SELECT 'settings' AS kind, principal, changed AS amount, CAST(0 AS BIGINT) AS bytes, CAST(NULL AS VARCHAR) AS detail, bucket FROM summed WHERE changed > 0 AND NOT is_aws ORDER BY changed DESC, principal LIMIT 3),
everything AS (
  SELECT * FROM fresh UNION ALL SELECT * FROM networks UNION ALL SELECT * FROM read UNION ALL SELECT * FROM deleted UNION ALL SELECT * FROM settings
),
named AS (SELECT principal, min(requester) AS requester FROM requests WHERE principal IN (SELECT principal FROM everything) GROUP BY 1)
SELECT e.kind, e.principal, n.requester, e.amount, e.bytes, e.detail, e.bucket FROM everything e LEFT JOIN named n ON n.principal = e.principal
ORDER BY CASE e.kind WHEN 'principal' THEN 1 WHEN 'network' THEN 2 WHEN 'reads' THEN 3 WHEN 'deletes' THEN 4 ELSE 5 END, e.bytes DESC, e.amount DESC, e.principal, e.bucket
