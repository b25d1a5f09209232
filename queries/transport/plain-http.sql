-- title: Unencrypted HTTP requests
-- question: Which requests were sent unencrypted, and which of them were signed, so that their signature could be captured?
-- pack: transport
-- kind: report
-- severity: low
-- attack: T1040
-- parameter: website boolean false — whether to include website endpoints, which only support HTTP
-- column: requester — requester ARN or canonical id; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: signed — whether the request was signed
-- column: client — client family, from the user agent
-- column: events — matching requests
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: keys — distinct keys
-- column: bytes — bytes sent, or object size if nothing was sent
-- false positives: None known. Rows from before 2019, when the log had no TLS field, are not counted.
-- source: AWS documentation of the log format; saltmine

SELECT requester, remote_ip, bucket, operation, authentication_type IS NOT NULL AS signed,
       agent_family(user_agent) AS client,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, sum(possible_size(bytes_sent)) AS bytes
FROM logs
WHERE tls_version IS NULL AND cipher_suite IS NULL
  -- Lines that end before the TLS fields (from before 2019) have no host id either.
  AND host_id IS NOT NULL
  -- Copy source rows and lifecycle rows have no connection of their own.
  AND ((operation LIKE 'REST.%' AND operation NOT LIKE 'REST.COPY.%_GET') OR ($website AND operation LIKE 'WEBSITE.%'))
  AND ($website OR coalesce(host_header, '') NOT LIKE '%s3-website%')
GROUP BY requester, remote_ip, bucket, operation, authentication_type IS NOT NULL, agent_family(user_agent)
ORDER BY signed DESC, events DESC, requester NULLS FIRST, remote_ip, bucket, operation, client
