-- Objects that were read or copied, with how much of each, and whether the actor read them as usual.
WITH ours AS (SELECT DISTINCT bucket FROM profile_activity),
reads AS (
  SELECT i.bucket, i.object, i.key, i.record, i.operation LIKE 'REST.COPY.%' AS is_copy, CASE WHEN o.bucket IS NULL THEN i.destination END AS destination,
         max(i.bytes_sent) AS bytes_sent, max(i.object_size) AS object_size, min(i.request_time) AS request_time, min(i.requester) AS requester, min(i.remote_ip) AS remote_ip, bool_and(h.object IS NOT NULL) AS is_usual
  FROM incident_requests i LEFT JOIN ours o ON o.bucket = i.destination
  LEFT JOIN incident_habits h ON h.scope = i.scope AND h.bucket = i.bucket AND h.origin = i.origin AND h.object = i.object
  WHERE i.action = 'read' GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT bucket, object AS object_key, count(*) AS reads, max(object_size) AS object_size,
       CAST(CASE WHEN bool_or(is_copy) THEN max(object_size) ELSE sum(bytes_sent) END AS BIGINT) AS bytes,
       CASE WHEN bool_or(is_copy) THEN 'copied' WHEN sum(bytes_sent) >= max(object_size) THEN 'whole' WHEN max(object_size) IS NULL THEN 'unknown' ELSE 'partial' END AS extent,
       max(CASE WHEN is_copy THEN destination END) AS copied_to, min(request_time) AS first_read, max(request_time) AS last_read,
       count(DISTINCT remote_ip) AS addresses, min(requester) AS requester, min(remote_ip) AS remote_ip, min(key) AS key, bool_and(is_usual) AS read_as_usual
FROM reads GROUP BY 1, 2 ORDER BY bytes DESC NULLS LAST, bucket, object_key
