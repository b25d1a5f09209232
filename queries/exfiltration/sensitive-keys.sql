-- title: Secrets and dumps that were read
-- question: Were credentials, keys, state files or dumps read?
-- pack: exfiltration
-- kind: detection
-- severity: medium
-- attack: T1552.001
-- parameter: pattern text (^|/)([.]aws/credentials|id_(rsa|dsa|ecdsa|ed25519)|[.]env([.][a-z]+)?|[^/]*[.](pem|ppk|kdbx|pfx|p12|tfstate|sql|sql[.]gz|bak))$ — regular expression over the decoded key, in lower case
-- parameter: except text ^$ — regular expression over requesters that may
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: key_decoded — the decoded key
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Builds that read Terraform state, applications that load their settings.
-- source: Own list, after published rules on credentials in buckets

WITH hits AS (
  SELECT *, object_key(key, operation) AS key_decoded
  FROM logs
  WHERE operation IN ('REST.GET.OBJECT', 'WEBSITE.GET.OBJECT', 'REST.COPY.OBJECT_GET') AND http_status IN (200, 206)
)
SELECT requester, remote_ip, bucket, key_decoded,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       sum(bytes_sent) AS bytes,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
WHERE regexp_like(lower(key_decoded), $pattern) AND NOT regexp_like(coalesce(requester, 'anonymous'), $except)
GROUP BY requester, remote_ip, bucket, key_decoded
ORDER BY first_seen, bucket, key_decoded, requester NULLS FIRST, remote_ip
