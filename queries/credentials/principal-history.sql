-- title: First and last activity of each principal
-- question: Since when and until when is each principal seen, on how many days, doing what?
-- pack: credentials
-- kind: report
-- severity: info
-- attack: T1078.004
-- column: principal — who, whatever the session
-- column: bucket — the bucket, where there is one
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: days — days with requests
-- column: requests — requests
-- column: networks — networks, with all of AWS’s private ones as one
-- column: reads — reads of objects
-- column: writes — writes
-- column: deletes — deletes
-- column: settings_changed — settings changed
-- column: denied — refusals
-- false positives: None: a list.
-- source: Own

SELECT principal, bucket, min(first_seen) AS first_seen, max(last_seen) AS last_seen, count(DISTINCT day) AS days, sum(requests) AS requests, count(DISTINCT origin) AS networks,
       sum(reads) AS reads, sum(writes) AS writes, sum(deletes) AS deletes, sum(settings_changed) AS settings_changed, sum(denied) AS denied
FROM profile_activity GROUP BY principal, bucket
ORDER BY first_seen DESC, principal, bucket
