-- title: Who writes to buckets that hold replicas
-- question: Is the replica side written by the right role, without errors, and by anybody else?
-- pack: replication
-- kind: report
-- severity: info
-- attack: T1485
-- parameter: replica_buckets text  — names with commas between them; when empty, every bucket that a replication session writes to
-- column: bucket — the bucket
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: by_replication — whether by a replication session
-- column: operation — operation as logged
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: errors — how many failed
-- false positives: Batch replication, a change of owner on the way. The session name is not documented for these logs.
-- source: Own

WITH replicas AS (
  SELECT DISTINCT bucket FROM logs
  WHERE CASE WHEN $replica_buckets = '' THEN session_name(requester) = 's3-replication' AND operation LIKE 'REST.PUT.%'
             ELSE array_has(string_to_array($replica_buckets, ','), bucket) END
)
SELECT l.bucket, l.requester, coalesce(session_name(l.requester) = 's3-replication', false) AS by_replication, l.operation,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       count(*) FILTER (WHERE l.http_status >= 400) AS errors
-- The few buckets stand first: a join keeps its first side in memory, and reads the second past it.
FROM replicas r JOIN logs l ON l.bucket = r.bucket
WHERE l.operation IN ('REST.PUT.OBJECT', 'REST.COPY.OBJECT', 'REST.PUT.PART', 'REST.POST.UPLOAD', 'REST.DELETE.OBJECT',
                      'BATCH.DELETE.OBJECT')
GROUP BY l.bucket, l.requester, coalesce(session_name(l.requester) = 's3-replication', false), l.operation
ORDER BY by_replication, events DESC, l.bucket, l.requester NULLS FIRST, l.operation
