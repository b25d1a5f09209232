-- title: An unusual client for the first time
-- question: Which principals came with a client that is unusual for programs, and new for them?
-- pack: exfiltration
-- kind: detection
-- severity: low
-- attack: T1119
-- parameter: families text s3-browser,cyberduck,winscp,rclone,s5cmd,s3cmd,curl,wget,python-requests — families of agents, as agent_family() names them
-- parameter: tail float 0.25 — share of the logs' span, at its end, in which a client counts as new
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: client — family of the agent
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: evidence — up to three log_file:log_line to look at
-- false positives: The client chooses its agent. Administrators try tools out.
-- source: Published rules on unusual clients; families of our own

WITH span AS (
  SELECT max(request_time) AS last, date_part('epoch', max(request_time)) - date_part('epoch', min(request_time)) AS seconds
  FROM logs
),
uses AS (
  SELECT requester, agent_family(user_agent) AS client, CASE WHEN count(DISTINCT remote_ip) = 1 THEN min(remote_ip) END AS remote_ip, CASE WHEN count(DISTINCT bucket) = 1 THEN min(bucket) END AS bucket,
         count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen, sum(bytes_sent) AS bytes,
         evidence(log_file, log_line, request_time) AS evidence
  FROM logs
  WHERE requester IS NOT NULL AND http_status < 400
  GROUP BY requester, agent_family(user_agent)
)
SELECT requester, remote_ip, bucket, client, events, first_seen, last_seen, bytes, evidence
FROM uses CROSS JOIN span
WHERE array_has(string_to_array($families, ','), client)
  AND date_part('epoch', first_seen) >= date_part('epoch', span.last) - $tail * span.seconds
ORDER BY first_seen, requester, client
