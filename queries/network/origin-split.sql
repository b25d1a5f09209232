-- title: Where traffic comes from
-- question: How does each bucket's traffic arrive: by an endpoint, privately, from AWS, from outside?
-- pack: network
-- kind: report
-- severity: info
-- parameter: own_network text 192.0.2.0/32 — one public network that is ours; the default is nobody's
-- column: bucket — the bucket
-- column: principal — type of the principal
-- column: origin — how the request arrived
-- column: endpoint — VPC endpoint in the host header
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: requesters — distinct requesters
-- column: addresses — distinct addresses
-- column: bytes — bytes sent, or of objects where nothing is sent
-- false positives: Own addresses brought to AWS, and public links of Direct Connect, look like outside.
-- source: AWS documentation on addresses in the log; query of our own

SELECT bucket, principal_type(requester) AS principal,
       CASE WHEN host_header LIKE '%vpce-%' THEN 'interface endpoint'
            WHEN remote_ip IS NULL THEN 'no address: a service or lifecycle'
            WHEN is_private_ip(remote_ip) THEN 'private address'
            WHEN ip_in(remote_ip, $own_network) THEN 'own network'
            WHEN source_region IS NOT NULL THEN 'public address in AWS'
            ELSE 'public address outside AWS, or unknown' END AS origin,
       regexp_match(host_header, '(vpce-[0-9a-z-]+)')[1] AS endpoint,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT requester) AS requesters, count(DISTINCT remote_ip) AS addresses, sum(bytes_sent) AS bytes
FROM logs
GROUP BY 1, 2, 3, 4
ORDER BY bytes DESC NULLS LAST, bucket, principal, origin, endpoint
