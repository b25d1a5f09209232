-- title: Contents of the logs
-- question: What do these logs contain: period, buckets, principals, errors, versions of the format?
-- pack: quality
-- kind: report
-- severity: info
-- column: bucket — the bucket
-- column: events — matching requests
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: requesters — distinct requesters
-- column: addresses — distinct addresses
-- column: operations — operations seen
-- column: anonymous — whether, or how many, requests had no credentials
-- column: errors — failed requests
-- column: no_tls — REST rows without a TLS version
-- column: newest_field — rows that have the newest field
-- column: bytes — bytes sent, or object size if nothing was sent
-- false positives: Informational only.
-- source: saltmine

SELECT bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT requester) AS requesters, count(DISTINCT remote_ip) AS addresses,
       count(DISTINCT operation) AS operations, count(*) FILTER (WHERE is_anonymous(requester)) AS anonymous,
       count(*) FILTER (WHERE http_status >= 400) AS errors,
       count(*) FILTER (WHERE tls_version IS NULL AND operation LIKE 'REST.%') AS no_tls,
       count(*) FILTER (WHERE source_region IS NOT NULL) AS newest_field,
       sum(possible_size(bytes_sent)) AS bytes
FROM logs
GROUP BY bucket
ORDER BY events DESC, bucket
