-- title: Throttling and server errors
-- question: Which prefixes were throttled or had server errors, and in which minutes?
-- pack: performance
-- kind: report
-- severity: low
-- attack: T1499
-- parameter: depth integer 2 — number of key segments that form the prefix
-- column: bucket — the bucket
-- column: minute — the minute
-- column: prefix — first segments of the key
-- column: events — matching requests
-- column: slow_downs — responses with status 503
-- column: server_errors — responses with status 500 or above
-- column: requesters — distinct requesters
-- column: request_id — a request id to quote in a support case
-- false positives: S3 repartitions after load changes.
-- source: AWS documentation on request ids of server errors

SELECT bucket, date_bin(INTERVAL '1 minute', request_time) AS minute,
       array_to_string(array_slice(string_to_array(key, '/'), 1, $depth), '/') AS prefix,
       count(*) AS events, count(*) FILTER (WHERE http_status = 503) AS slow_downs,
       count(*) FILTER (WHERE http_status >= 500) AS server_errors, count(DISTINCT requester) AS requesters,
       min(request_id) FILTER (WHERE http_status >= 500) AS request_id
FROM logs
GROUP BY 1, 2, 3
HAVING count(*) FILTER (WHERE http_status >= 500) > 0
ORDER BY slow_downs DESC, server_errors DESC, bucket, minute, prefix
