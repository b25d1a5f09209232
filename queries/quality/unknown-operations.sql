-- title: Unknown operations
-- question: Which operations does saltmine not know, so that no detection counts them?
-- pack: quality
-- kind: report
-- severity: info
-- column: operation — operation as logged
-- column: class — key type, from the id's prefix
-- column: events — matching requests of the principal
-- column: principals — distinct principals
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: evidence — up to three records as log_file:log_line
-- false positives: New AWS features, and S3-compatible servers with operation names of their own.
-- source: saltmine

SELECT operation, operation_class(operation) AS class, count(*) AS events, count(DISTINCT principal(requester)) AS principals, min(request_time) AS first_seen, max(request_time) AS last_seen, evidence(log_file, log_line, request_time) AS evidence
FROM logs WHERE api_name(operation, key) IS NULL AND operation NOT LIKE 'S3.%' AND operation NOT LIKE 'WEBSITE.%' AND operation <> 'REST.OPTIONS.PREFLIGHT'
GROUP BY operation
ORDER BY events DESC, operation
