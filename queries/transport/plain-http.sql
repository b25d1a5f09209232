-- title: Requests without encryption
-- question: Which requests travelled unencrypted, and which of them were signed, so that their signature could be taken?
-- pack: transport
-- kind: report
-- severity: low
-- attack: T1040
-- parameter: website boolean false — whether website endpoints, which only speak HTTP, are shown too
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: signed — whether the request was signed
-- column: client — family of the agent
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: bytes — bytes sent, or of objects where nothing is sent
-- false positives: None known. Rows from before 2019, when the log had no TLS field, are not counted.
-- source: AWS documentation of the log format; own

SELECT requester, remote_ip, bucket, operation, authentication_type IS NOT NULL AS signed,
       agent_family(user_agent) AS client,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, sum(bytes_sent) AS bytes
FROM logs
WHERE tls_version IS NULL AND cipher_suite IS NULL
  -- Lines that end before the TLS fields, as those from before 2019 do, have no host id either.
  AND host_id IS NOT NULL
  -- The row of a copy's source and the rows of lifecycle have no connection of their own.
  AND ((operation LIKE 'REST.%' AND operation NOT LIKE 'REST.COPY.%_GET') OR ($website AND operation LIKE 'WEBSITE.%'))
  AND ($website OR coalesce(host_header, '') NOT LIKE '%s3-website%')
GROUP BY requester, remote_ip, bucket, operation, authentication_type IS NOT NULL, agent_family(user_agent)
ORDER BY signed DESC, events DESC, requester NULLS FIRST, remote_ip, bucket, operation, client
