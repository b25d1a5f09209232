-- title: Who uses presigned URLs and upload forms
-- question: Who uses presigned URLs and upload forms, and for what?
-- pack: credentials
-- kind: report
-- severity: info
-- attack: T1550.001
-- parameter: exclude_console boolean true — whether uploads of the S3 console, which presigns too, are left out
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: authentication_type — QueryString or HtmlForm
-- column: client — family of the agent
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: keys — distinct keys
-- column: bytes — bytes sent, or of objects where nothing is sent
-- false positives: The console; old clients that sign in the query with version 2.
-- source: AWS prescriptive guidance on presigned URLs

SELECT requester, remote_ip, bucket, operation, authentication_type, agent_family(user_agent) AS client,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, sum(bytes_sent) AS bytes
FROM logs
WHERE ((authentication_type = 'QueryString' AND uri_param(request_uri, 'X-Amz-Expires') IS NOT NULL)
       OR authentication_type = 'HtmlForm')
  AND NOT ($exclude_console AND coalesce(referer, '') LIKE '%console.aws.amazon.com%')
GROUP BY requester, remote_ip, bucket, operation, authentication_type, agent_family(user_agent)
ORDER BY events DESC, requester NULLS FIRST, remote_ip, bucket, operation, authentication_type, client
