-- title: Slow-downs and server errors
-- question: Which prefix was slowed down or met server errors, in which minute?
-- pack: performance
-- kind: report
-- severity: low
-- attack: T1499
-- parameter: depth integer 2 — parts of the key that make the prefix
-- column: bucket — the bucket
-- column: minute — the minute
-- column: prefix — first parts of the key
-- column: events — requests that match
-- column: slow_downs — answers 503
-- column: server_errors — answers 500 and above
-- column: requesters — distinct requesters
-- column: request_id — one for a support case
-- false positives: S3 partitions anew after a change of load.
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
