-- title: Floods of refused requests
-- question: In which hours was a bucket flooded with requests that were refused or found nothing?
-- pack: performance
-- kind: report
-- severity: info
-- attack: T1499
-- attack: T1496
-- parameter: least integer 200 — such requests of an hour from which it is shown
-- column: bucket — the bucket, where there is one
-- column: hour — the hour
-- column: http_status — status
-- column: error_code — error code
-- column: events — requests of the principal that match
-- column: addresses — number of source IPs
-- column: requesters — distinct requesters
-- column: anonymous — how many without credentials
-- false positives: Crawlers with old links, a program with a wrong bucket name.
-- source: Own

SELECT bucket, date_trunc('hour', request_time) AS hour, http_status, error_code, count(*) AS events, count(DISTINCT remote_ip) AS addresses, count(DISTINCT requester) AS requesters, count(*) FILTER (WHERE is_anonymous(requester)) AS anonymous
FROM logs WHERE http_status IN (401, 403, 404, 405) GROUP BY 1, 2, 3, 4 HAVING count(*) >= $least
ORDER BY events DESC, bucket, hour, http_status, error_code
