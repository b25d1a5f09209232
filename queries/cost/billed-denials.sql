-- title: Failed requests and whether they are billed
-- question: Which failed requests does AWS bill?
-- pack: cost
-- kind: report
-- severity: info
-- attack: T1499
-- parameter: own_accounts text  — comma-separated account ids
-- parameter: min_requests integer 1000 — minimum requests
-- column: bucket — the bucket
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: requester — requester ARN or canonical id; null for anonymous
-- column: http_status — status
-- column: error_code — error code
-- column: events — matching requests
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: billing — whether it is billed
-- false positives: Add all accounts of your organisation to own_accounts; otherwise their failed requests are misjudged.
-- source: AWS documentation on billing for error codes

SELECT bucket, remote_ip, requester, http_status, error_code,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       CASE WHEN http_status >= 500 THEN 'not billed'
            WHEN error_code = 'AccessDenied'
             AND NOT coalesce(array_has(string_to_array($own_accounts, ','), account_id(requester)), false)
            THEN 'not billed when the caller is outside your organisation'
            ELSE 'billed, unless AWS lists the error code as not billed' END AS billing
FROM logs
WHERE http_status >= 400
GROUP BY bucket, remote_ip, requester, http_status, error_code
HAVING count(*) >= $min_requests
ORDER BY events DESC, bucket, remote_ip, requester NULLS FIRST, http_status, error_code
