-- title: Operations that no table knows
-- question: Which operations are in no table of saltmine, so that no detection counts them?
-- pack: quality
-- kind: report
-- severity: info
-- column: operation — operation as logged
-- column: class — class by its shape
-- column: events — requests of the principal that match
-- column: principals — distinct principals
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: evidence — up to three log_file:log_line
-- false positives: New features of AWS, and servers that name their operations otherwise.
-- source: Own

SELECT operation, operation_class(operation) AS class, count(*) AS events, count(DISTINCT principal(requester)) AS principals, min(request_time) AS first_seen, max(request_time) AS last_seen, evidence(log_file, log_line, request_time) AS evidence
FROM logs WHERE api_name(operation, key) IS NULL AND operation NOT LIKE 'S3.%' AND operation NOT LIKE 'WEBSITE.%' AND operation <> 'REST.OPTIONS.PREFLIGHT'
GROUP BY operation
ORDER BY events DESC, operation
