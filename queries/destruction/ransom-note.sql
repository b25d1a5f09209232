-- title: An object named like a ransom note
-- question: Was something uploaded that is named like a ransom note?
-- pack: destruction
-- kind: detection
-- severity: high
-- attack: T1486
-- parameter: pattern text ransom|decrypt|how[-_ ]?to[-_ ]?(recover|restore|decrypt)|recover[-_ ]?your|datarescue|files[-_ ]?deleted|readme.*(lock|crypt)|your[-_ ]?(data|files) — regular expression over the last part of the decoded key, in lower case
-- parameter: except_prefix text ^(awslogs|access-logs)/ — regular expression over decoded keys, in lower case, that are left out
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — address; of several, the first in order of text
-- column: bucket — the bucket
-- column: name — last part of the key
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: prefixes — distinct places
-- column: evidence — up to three log_file:log_line to look at
-- false positives: Ordinary read-me files and files on locks and keys; look whether the same name is in many prefixes.
-- source: Published rules; word list of our own

WITH hits AS (
  SELECT *, lower(object_key(key, operation)) AS path,
         regexp_replace(lower(object_key(key, operation)), '^.*/', '') AS name
  FROM logs
  WHERE operation IN ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT') AND http_status BETWEEN 200 AND 299
)
SELECT requester, remote_ip, bucket, name,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(DISTINCT path) AS prefixes,
       evidence(log_file, log_line, request_time) AS evidence
FROM hits
WHERE regexp_like(name, $pattern) AND NOT regexp_like(path, $except_prefix)
GROUP BY requester, remote_ip, bucket, name
ORDER BY prefixes DESC, first_seen, requester NULLS FIRST, remote_ip, bucket, name
