-- title: Use of presigned URLs and upload forms
-- question: Who uses presigned URLs and upload forms, and what for?
-- pack: credentials
-- kind: report
-- severity: info
-- attack: T1550.001
-- parameter: exclude_console boolean true — whether to leave out uploads from the S3 console, which also presigns
-- column: requester — requester ARN or canonical id; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: bucket — the bucket
-- column: operation — operation as logged
-- column: authentication_type — QueryString or HtmlForm
-- column: client — client family, from the user agent
-- column: events — matching requests
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: keys — distinct keys
-- column: bytes — bytes sent, or object size if nothing was sent
-- false positives: The S3 console; old clients that sign the query string with Signature Version 2.
-- source: AWS prescriptive guidance on presigned URLs

SELECT requester, remote_ip, bucket, operation, authentication_type, agent_family(user_agent) AS client,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT key) AS keys, sum(possible_size(bytes_sent)) AS bytes
FROM logs
WHERE ((authentication_type = 'QueryString' AND uri_param(request_uri, 'X-Amz-Expires') IS NOT NULL)
       OR authentication_type = 'HtmlForm')
  AND NOT ($exclude_console AND coalesce(referer, '') LIKE '%console.aws.amazon.com%')
GROUP BY requester, remote_ip, bucket, operation, authentication_type, agent_family(user_agent)
ORDER BY events DESC, requester NULLS FIRST, remote_ip, bucket, operation, authentication_type, client
