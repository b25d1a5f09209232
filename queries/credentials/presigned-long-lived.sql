-- title: Presigned URLs that live long
-- question: Which presigned URLs live longer than they should?
-- pack: credentials
-- kind: detection
-- severity: low
-- attack: T1550.001
-- parameter: max_seconds integer 3600 — the longest life that is right
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: key_id — access key id that signed
-- column: lifetime — seconds the URL says it lives
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: oldest_use — seconds between signing and the latest use
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three log_file:log_line to look at
-- false positives: URLs signed by a role end with its session, earlier than they say.
-- source: AWS prescriptive guidance (s3:signatureAge); query of our own

WITH hits AS (
  SELECT *, access_key_id(request_uri) AS key_id,
         presigned_lifetime(request_uri, request_time) AS seconds, uri_param(request_uri, 'X-Amz-Expires') IS NULL AS is_version_2,
         presigned_expires(request_uri) AS ends
  FROM logs WHERE authentication_type = 'QueryString'
)
SELECT requester, CASE WHEN count(DISTINCT remote_ip) = 1 THEN min(remote_ip) END AS remote_ip, bucket, key_id, max(seconds) AS lifetime,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys,
       max(date_part('epoch', request_time) - date_part('epoch', ends) + seconds) AS oldest_use,
       CASE WHEN max(seconds) > 31536000 THEN 'high' WHEN max(seconds) > 604800 THEN 'medium' ELSE 'low' END AS severity,
       CASE WHEN max(seconds) > 604800 THEN concat('valid for ', max(seconds) / 86400, ' days, which only signatures of version 2 can be') END AS reasons,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
WHERE seconds > $max_seconds
-- A URL of version 2 does not say when it was signed: what is left of its life is another number at each use.
GROUP BY requester, bucket, key_id, is_version_2, CASE WHEN is_version_2 THEN date_part('epoch', ends) ELSE seconds END
ORDER BY lifetime DESC, events DESC, requester NULLS FIRST, bucket, key_id
