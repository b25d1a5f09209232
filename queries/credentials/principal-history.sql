-- title: First and last activity of each principal
-- question: When was each principal first and last seen, on how many days, and doing what?
-- pack: credentials
-- kind: report
-- severity: info
-- attack: T1078.004
-- column: principal — who acted, independent of the session
-- column: bucket — bucket
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: days — days with requests
-- column: requests — requests
-- column: networks — networks; all private AWS ranges count as one
-- column: reads — reads of objects
-- column: writes — writes
-- column: deletes — deletes
-- column: settings_changed — settings changed
-- column: denied — refusals
-- false positives: Informational only.
-- source: saltmine

SELECT principal, bucket, min(first_seen) AS first_seen, max(last_seen) AS last_seen, count(DISTINCT day) AS days, sum(requests) AS requests, count(DISTINCT origin) AS networks,
       sum(reads) AS reads, sum(writes) AS writes, sum(deletes) AS deletes, sum(settings_changed) AS settings_changed, sum(denied) AS denied
FROM profile_activity GROUP BY principal, bucket
ORDER BY first_seen DESC, principal, bucket
