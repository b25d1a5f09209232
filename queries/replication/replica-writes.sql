-- title: Direct writes to replica buckets
-- question: Who writes to or deletes from a bucket that is a replication destination, and is that new?
-- pack: replication
-- kind: detection
-- severity: medium
-- attack: T1485
-- attack: T1565.001
-- parameter: replica_buckets text  — comma-separated bucket names; if empty, every bucket that replication writes to
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
-- column: writes — objects written
-- column: deletes — keys deleted
-- column: errors — failed requests
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Batch replication, buckets that replicate both ways: rated low if done from the beginning.
-- cannot tell: Whether an object is a replica: the log has no replication status.
-- next: Compare the objects with their source.
-- source: saltmine

WITH replicas AS (
  SELECT bucket, min(request_time) AS since FROM requests
  WHERE CASE WHEN $replica_buckets = '' THEN session_name(requester) = 's3-replication' AND action = 'write' ELSE array_has(string_to_array($replica_buckets, ','), bucket) END GROUP BY 1
),
buckets AS (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1)
-- The small side comes first: a join keeps its first input in memory and streams the second.
SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions, r.bucket, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT CASE WHEN r.action = 'write' THEN r.object END) AS writes, count(DISTINCT CASE WHEN r.action = 'delete' THEN r.object END) AS deletes,
       count(DISTINCT CASE WHEN r.http_status >= 400 THEN r.record END) AS errors,
       CASE WHEN min(r.request_time) >= min(b.since) + INTERVAL '2 days' AND count(*) FILTER (WHERE r.action IN ('write', 'delete')) > 0 THEN 'medium' ELSE 'low' END AS severity,
       CASE WHEN min(r.request_time) >= min(b.since) + INTERVAL '2 days' THEN 'never done in this bucket before' ELSE 'seen since the start of the logs' END AS reasons, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM replicas p JOIN requests r ON r.bucket = p.bucket JOIN buckets b ON b.bucket = r.bucket
WHERE NOT r.is_aws AND operation_class(r.operation) IN ('write', 'delete')
GROUP BY r.principal, r.bucket
ORDER BY events DESC, r.bucket, r.principal
