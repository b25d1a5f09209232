-- title: Role session used from two locations at once
-- question: Does one role session alternate between AWS and the internet, or between several networks?
-- pack: credentials
-- kind: detection
-- severity: medium
-- attack: T1552.005
-- attack: T1078.004
-- parameter: window interval 10 minutes — longest pause between requests of one session from two networks
-- parameter: switches integer 3 — minimum network changes; a single one is a move
-- column: principal — who acted, independent of the session: role, user or person
-- column: requester — the requester if there is only one, otherwise the principal; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — the bucket if there is only one, otherwise null
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: networks — number of networks
-- column: switches — network changes within the window
-- column: private_and_public — whether both private and public addresses occur
-- column: regions — distinct source Regions
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Functions that share a session name, hosts with both NAT and an endpoint, several containers with one role: rated low.
-- cannot tell: Whether two hosts hold the credentials, or one host has two routes out.
-- next: Check role-elsewhere; revoke the role's sessions (aws:TokenIssueTime) if the second location is not yours.
-- source: saltmine

WITH uses AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.origin, r.source_region, r.record, r.request_time, r.log_file, r.log_line
  FROM requests r
  WHERE principal_type(r.requester) = 'assumed_role' AND NOT r.is_aws AND r.remote_ip IS NOT NULL
    -- The user of a presigned URL is not its signer.
    AND (r.origin IS DISTINCT FROM 'link')
),
-- Most sessions stay in one place.
moving AS (SELECT requester FROM uses GROUP BY 1 HAVING min(origin) <> max(origin)),
hits AS (
  SELECT r.*, lag(r.origin) OVER s AS origin_before, r.request_time - lag(r.request_time) OVER s AS pause
  FROM uses r JOIN moving m ON m.requester = r.requester
  -- Requests of the same second have no order. Those of one network go together, so that they are one change, and so does a record that was delivered twice.
  WINDOW s AS (PARTITION BY r.requester ORDER BY r.request_time, r.origin, r.record)
),
turns AS (SELECT * FROM hits WHERE origin <> origin_before AND pause <= CAST($window AS INTERVAL))
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, CASE WHEN count(DISTINCT r.bucket) = 1 THEN min(r.bucket) END AS bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.origin) AS networks, count(DISTINCT r.record) AS switches,
       bool_or(r.origin = 'private') AND bool_or(coalesce(o.is_public, false)) AS private_and_public, count(DISTINCT r.source_region) AS regions,
       CASE WHEN bool_or(o.is_new AND o.is_public) THEN 'medium' ELSE 'low' END AS severity,
       CASE WHEN bool_or(o.is_new AND o.is_public) THEN 'one of the networks is public and new for this principal' ELSE 'no network is new' END AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM turns r LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
GROUP BY r.principal HAVING count(DISTINCT r.record) >= $switches
ORDER BY switches DESC, first_seen, r.principal
