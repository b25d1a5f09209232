-- title: What is in these logs
-- question: What do these logs hold: time, buckets, principals, errors, age of the format?
-- pack: quality
-- kind: report
-- severity: info
-- column: bucket — the bucket
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: requesters — distinct requesters
-- column: addresses — distinct addresses
-- column: operations — operations seen
-- column: anonymous — whether, or how many, without credentials
-- column: errors — how many failed
-- column: no_tls — REST rows without a TLS version
-- column: newest_field — rows with the newest field
-- column: bytes — bytes sent, or of objects where nothing is sent
-- false positives: None.
-- source: Own

SELECT bucket,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT requester) AS requesters, count(DISTINCT remote_ip) AS addresses,
       count(DISTINCT operation) AS operations, count(*) FILTER (WHERE is_anonymous(requester)) AS anonymous,
       count(*) FILTER (WHERE http_status >= 400) AS errors,
       count(*) FILTER (WHERE tls_version IS NULL AND operation LIKE 'REST.%') AS no_tls,
       count(*) FILTER (WHERE source_region IS NOT NULL) AS newest_field,
       sum(bytes_sent) AS bytes
FROM logs
GROUP BY bucket
ORDER BY events DESC, bucket
