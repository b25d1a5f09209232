-- title: Object versions permanently deleted
-- question: Who deleted far more versions by id than usual, and did they list the versions first?
-- pack: object-lock
-- kind: detection
-- severity: high
-- attack: T1485
-- attack: T1490
-- parameter: versions integer 20 — minimum distinct versions
-- parameter: few integer 20 — minimum deletes per day to compare with earlier days
-- parameter: times integer 5 — multiple of the busiest earlier day that counts as unusual
-- parameter: missed integer 5 — minimum deleted keys requested later by others for the loss to count as noticed
-- parameter: keys integer 100 — minimum versions for medium
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
-- column: versions_listed — last time the principal listed versions before the deletes
-- column: keys — distinct keys
-- column: versions — distinct versions
-- column: bytes — size of the objects in bytes
-- column: keys_of_others — distinct keys that the principal did not write
-- column: keys_in_use — keys that others had read or written
-- column: keys_missed — keys that others requested later without success
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Version retention of backup programs that starts within the period, emptied buckets.
-- cannot tell: Whether a version was the last good one; whether Object Lock was bypassed (CloudTrail: bypassGovernanceRetention).
-- next: Suspend the credentials. Deleted versions cannot be restored; look for copies, replicas and backups of the keys.
-- source: Published attack simulations

WITH candidates AS (SELECT *, version_id AS target FROM requests WHERE action = 'delete' AND version_id IS NOT NULL),
-- include: deletions
listings AS (SELECT principal, bucket, request_time FROM requests WHERE operation = 'REST.GET.BUCKETVERSIONS' AND action = 'list'),
-- Runs of principals that listed the versions on the day before.
listed AS (
  SELECT DISTINCT r.principal, r.bucket, r.run FROM runs r
  JOIN listings l ON l.principal = r.principal AND l.bucket = r.bucket AND r.request_time BETWEEN l.request_time AND l.request_time + INTERVAL '1 day'
),
graded AS (
  SELECT j.*, CASE WHEN l.run IS NOT NULL AND no_history AND keys_of_others >= $versions AND NOT coalesce(is_removed, false) AND severity IN ('medium', 'low') THEN 'high'
                   ELSE severity END AS grade
  FROM judged j LEFT JOIN listed l ON l.principal = j.principal AND l.bucket = j.bucket AND l.run = j.run
)
SELECT j.principal, j.requester, j.remote_ip, j.addresses, j.remote_ips, j.sessions, j.bucket, j.events, j.first_seen, j.last_seen,
       max(l.request_time) AS versions_listed, j.keys, j.versions, j.bytes, j.keys_of_others, j.keys_in_use, j.keys_missed, j.grade AS severity, j.reasons, j.evidence
FROM graded j LEFT JOIN listings l ON l.principal = j.principal AND l.bucket = j.bucket AND l.request_time <= j.first_seen
WHERE j.versions >= $versions
GROUP BY j.principal, j.requester, j.remote_ip, j.addresses, j.remote_ips, j.sessions, j.bucket, j.events, j.first_seen, j.last_seen, j.keys, j.versions, j.bytes, j.keys_of_others, j.keys_in_use, j.keys_missed, j.grade, j.reasons, j.evidence
ORDER BY j.versions DESC, j.first_seen, j.principal, j.bucket
