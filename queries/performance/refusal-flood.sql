-- title: Floods of failed requests
-- question: In which hours did a bucket receive a flood of requests that were refused or found nothing?
-- pack: performance
-- kind: report
-- severity: info
-- attack: T1499
-- attack: T1496
-- parameter: least integer 200 — minimum failed requests per hour
-- column: bucket — bucket
-- column: hour — the hour
-- column: http_status — status
-- column: error_code — error code
-- column: events — matching requests of the principal
-- column: addresses — number of source IPs
-- column: requesters — distinct requesters
-- column: anonymous — requests without credentials
-- false positives: Crawlers with old links, a program with a wrong bucket name.
-- source: saltmine

SELECT bucket, date_trunc('hour', request_time) AS hour, http_status, error_code, count(*) AS events, count(DISTINCT remote_ip) AS addresses, count(DISTINCT requester) AS requesters, count(*) FILTER (WHERE is_anonymous(requester)) AS anonymous
FROM logs WHERE http_status IN (401, 403, 404, 405) GROUP BY 1, 2, 3, 4 HAVING count(*) >= $least
ORDER BY events DESC, bucket, hour, http_status, error_code
