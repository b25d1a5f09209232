-- title: Referring sites and clients
-- question: Which sites and clients generate traffic to our buckets?
-- pack: cost
-- kind: report
-- severity: info
-- attack: T1496
-- parameter: own_hosts text  — comma-separated hosts of your own to leave out
-- column: bucket — the bucket
-- column: referer_host — host of the referer
-- column: client — client family, from the user agent
-- column: events — matching requests
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: addresses — distinct addresses
-- column: keys — distinct keys
-- column: not_found — requests for missing objects (404)
-- column: bytes — bytes sent, or object size if nothing was sent
-- false positives: The referer is optional, and the client chooses it.
-- source: Reports of web log analysers; saltmine

WITH hits AS (
  SELECT *, regexp_match(lower(referer), '^[a-z]+://([^/:?#]+)')[1] AS referer_host FROM logs
  WHERE operation IN ('REST.GET.OBJECT', 'WEBSITE.GET.OBJECT')
)
SELECT bucket, referer_host, agent_family(user_agent) AS client,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT remote_ip) AS addresses, count(DISTINCT key) AS keys,
       count(*) FILTER (WHERE http_status = 404) AS not_found, sum(possible_size(bytes_sent)) AS bytes
FROM hits
WHERE NOT coalesce(array_has(string_to_array($own_hosts, ','), referer_host), false)
GROUP BY bucket, referer_host, agent_family(user_agent)
ORDER BY bytes DESC NULLS LAST, bucket, referer_host, client
