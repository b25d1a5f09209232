-- title: Traffic by network origin
-- question: How does each bucket's traffic arrive: through an endpoint, from private addresses, from AWS, from outside?
-- pack: network
-- kind: report
-- severity: info
-- parameter: own_network text 192.0.2.0/32 — your own public network; the default matches no real network
-- column: bucket — the bucket
-- column: principal — principal type
-- column: origin — network origin of the request
-- column: endpoint — VPC endpoint in the host header
-- column: events — matching requests
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: requesters — distinct requesters
-- column: addresses — distinct addresses
-- column: bytes — bytes sent, or object size if nothing was sent
-- false positives: Bring-your-own-IP ranges in AWS and Direct Connect public interfaces look like outside traffic.
-- source: AWS documentation on addresses in the log; saltmine

SELECT bucket, principal_type(requester) AS principal,
       CASE WHEN host_header LIKE '%vpce-%' THEN 'interface endpoint'
            WHEN remote_ip IS NULL THEN 'no address: AWS service or lifecycle'
            WHEN is_private_ip(remote_ip) THEN 'private address'
            WHEN ip_in(remote_ip, $own_network) THEN 'own network'
            WHEN source_region IS NOT NULL THEN 'public address in AWS'
            ELSE 'public address outside AWS, or unknown' END AS origin,
       regexp_match(host_header, '(vpce-[0-9a-z-]+)')[1] AS endpoint,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT requester) AS requesters, count(DISTINCT remote_ip) AS addresses, sum(possible_size(bytes_sent)) AS bytes
FROM logs
GROUP BY 1, 2, 3, 4
ORDER BY bytes DESC NULLS LAST, bucket, principal, origin, endpoint
