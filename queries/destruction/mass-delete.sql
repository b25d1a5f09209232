-- title: Mass deletion of objects
-- question: Who deleted far more than usual, whose objects were they, and what was the effect?
-- pack: destruction
-- kind: detection
-- severity: high
-- attack: T1485
-- parameter: keys integer 100 — minimum distinct keys for medium, and to be shown if there is no history
-- parameter: few integer 20 — minimum deletes per day to compare with earlier days
-- parameter: times integer 5 — multiple of the busiest earlier day that counts as unusual
-- parameter: missed integer 5 — minimum deleted keys requested later by others for the loss to count as noticed
-- parameter: window interval 6 hours — longest pause within a run of deletes
-- column: principal — who acted, independent of the session: role, user or person
-- column: requester — the requester if there is only one, otherwise the principal; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — bucket
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: version_targeted — deletes with a version id
-- column: operations — operations seen
-- column: keys_of_others — distinct keys that the principal did not write
-- column: keys_in_use — keys that others had read or written
-- column: keys_missed — keys that others requested later without success
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: First-time clean-ups, retired prefixes. Deletes that a principal does on most days are not shown.
-- cannot tell: Whether the bucket has versioning, so that deleted objects can be restored: CloudTrail has PutBucketVersioning.
-- next: Suspend the credentials. With versioning, remove the delete markers; otherwise restore the objects listed by last-known-good.
-- source: AWS documentation on who deleted an object
-- source: Published attack simulations

WITH candidates AS (SELECT *, object AS target FROM requests WHERE action = 'delete'),
-- include: deletions
shown AS (SELECT * FROM judged WHERE (NOT no_history AND keys >= $few) OR keys >= $keys)
SELECT principal, requester, remote_ip, addresses, remote_ips, sessions, bucket, events, first_seen, last_seen, keys, bytes, version_targeted, operations,
       keys_of_others, keys_in_use, keys_missed, severity, reasons, evidence
FROM shown
ORDER BY keys DESC, first_seen, principal, bucket
