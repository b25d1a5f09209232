-- title: Request id reused by different requests
-- question: Which request ids occur in records with different requesters, addresses or times, as in inserted log lines?
-- pack: quality
-- kind: report
-- severity: info
-- attack: T1070
-- column: request_id — the id
-- column: requesters — distinct requesters
-- column: addresses — number of source IPs
-- column: seconds_apart — seconds between the first and the last request
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: evidence — up to three records as log_file:log_line
-- false positives: Copies, multi-object deletes and multipart uploads share an id, but not across requesters or minutes.
-- source: saltmine

SELECT request_id, count(DISTINCT coalesce(requester, '-')) AS requesters, count(DISTINCT remote_ip) AS addresses, date_part('epoch', max(request_time)) - date_part('epoch', min(request_time)) AS seconds_apart,
       count(*) AS events, min(request_time) AS first_seen, evidence(log_file, log_line, request_time) AS evidence
FROM logs WHERE request_id IS NOT NULL GROUP BY request_id
HAVING count(*) > 1 AND (count(DISTINCT coalesce(requester, '-')) > 1 OR count(DISTINCT remote_ip) > 1 OR max(request_time) - min(request_time) > INTERVAL '1 hour')
ORDER BY events DESC, request_id
