-- title: Signatures of version 2
-- question: Who still signs with version 2?
-- pack: transport
-- kind: detection
-- severity: low
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: client — family of the agent
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: in_url — signed in the URL, where the log shows the signature
-- column: evidence — up to three log_file:log_line to look at
-- false positives: None.
-- source: AWS documentation, "Identifying Signature Version 2 requests"

WITH hits AS (
  SELECT * FROM logs
  WHERE signature_version = 'SigV2' OR request_uri LIKE '%AWSAccessKeyId=%'
)
SELECT requester, CASE WHEN count(DISTINCT remote_ip) = 1 THEN min(remote_ip) END AS remote_ip, bucket, agent_family(user_agent) AS client,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(*) FILTER (WHERE request_uri LIKE '%AWSAccessKeyId=%') AS in_url,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
GROUP BY requester, bucket, agent_family(user_agent)
ORDER BY events DESC, requester NULLS FIRST, bucket, client
