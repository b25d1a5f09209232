-- title: One presigned URL at many addresses
-- question: Was one presigned URL used from several addresses, as a leaked link is?
-- pack: credentials
-- kind: detection
-- severity: high
-- attack: T1550.001
-- parameter: addresses integer 3 — different addresses from which it is shown
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: key_id — access key id that signed
-- column: signed — time of the signature
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: addresses — distinct addresses
-- column: clients — distinct agents
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: evidence — up to three log_file:log_line to look at
-- false positives: People who change networks, a CDN that pulls, previews of links.
-- source: Own

WITH hits AS (
  SELECT *, access_key_id(request_uri) AS key_id, uri_param(request_uri, 'X-Amz-Date') AS signed,
         uri_param(request_uri, 'X-Amz-Expires') AS lifetime
  FROM logs
  WHERE authentication_type = 'QueryString' AND http_status IN (200, 206)
    AND operation IN ('REST.GET.OBJECT', 'REST.HEAD.OBJECT')
)
SELECT requester, min(remote_ip) AS remote_ip, bucket, key_id, signed,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT remote_ip) AS addresses, count(DISTINCT user_agent) AS clients, sum(bytes_sent) AS bytes,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
-- Signatures are hidden in the log; key id, time, life and object tell one URL from another as well.
WHERE lifetime IS NOT NULL
GROUP BY requester, bucket, key, key_id, signed, lifetime
HAVING count(DISTINCT remote_ip) >= $addresses
ORDER BY addresses DESC, bytes DESC NULLS LAST, requester NULLS FIRST, bucket, key_id, signed
