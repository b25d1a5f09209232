-- title: Presigned URLs that live long
-- question: Which presigned URLs live longer than they should?
-- pack: credentials
-- kind: detection
-- severity: low
-- attack: T1550.001
-- parameter: max_seconds integer 3600 — the longest life that is right
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: key_id — access key id that signed
-- column: lifetime — seconds the URL says it lives
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: oldest_use — seconds between signing and the latest use
-- column: evidence — up to three log_file:log_line to look at
-- false positives: URLs signed by a role end with its session, earlier than they say.
-- source: AWS prescriptive guidance (s3:signatureAge); query of our own

WITH hits AS (
  SELECT *, access_key_id(request_uri) AS key_id,
         TRY_CAST(uri_param(request_uri, 'X-Amz-Expires') AS BIGINT) AS lifetime,
         presigned_expires(request_uri) AS ends
  FROM logs WHERE authentication_type = 'QueryString'
)
SELECT requester, min(remote_ip) AS remote_ip, bucket, key_id, lifetime,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys,
       max(date_part('epoch', request_time) - date_part('epoch', ends) + lifetime) AS oldest_use,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
WHERE lifetime > $max_seconds
GROUP BY requester, bucket, key_id, lifetime
ORDER BY lifetime DESC, events DESC, requester NULLS FIRST, bucket, key_id
