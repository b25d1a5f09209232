-- Objects that an actor of an incident had read before it, from the same origin, if it reads such objects no more often than on its busiest earlier day:
-- its usual work goes on next to what is unusual. From a new network nothing was read before.
WITH reads AS (
  SELECT scope, principal, bucket, origin, object, record, request_time FROM incident_requests
  WHERE action = 'read' AND operation NOT LIKE 'REST.COPY.%' AND object IS NOT NULL AND principal <> 'anonymous' AND origin <> 'link'
),
begins AS (SELECT scope, principal, bucket, origin, min(request_time) AS since, count(DISTINCT date_trunc('day', request_time)) AS days FROM reads GROUP BY 1, 2, 3, 4),
paces AS (
  SELECT b.scope, b.principal, b.bucket, b.origin, b.since, b.days, max(a.reads) AS busiest
  FROM begins b JOIN profile_activity a ON a.principal = b.principal AND a.bucket = b.bucket AND a.origin = b.origin AND a.day < date_trunc('day', b.since)
  WHERE a.reads > 0 GROUP BY 1, 2, 3, 4, 5, 6
),
compared AS (
  SELECT r.scope, r.principal, r.bucket, r.origin, r.object, p.since, p.days, p.busiest, count(DISTINCT r.record) AS reads
  FROM reads r JOIN paces p ON p.scope = r.scope AND p.principal = r.principal AND p.bucket = r.bucket AND p.origin = r.origin GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
),
again AS (
  SELECT h.scope, h.bucket, h.origin, h.object, h.days, h.busiest, h.reads
  FROM compared h JOIN requests r ON r.principal = h.principal AND r.bucket = h.bucket AND r.origin = h.origin AND r.object = h.object AND r.action = 'read' AND r.request_time < h.since
  GROUP BY 1, 2, 3, 4, 5, 6, 7
)
SELECT scope, bucket, origin, object FROM (SELECT *, sum(reads) OVER (PARTITION BY scope, bucket, origin) AS of_all FROM again) WHERE of_all <= busiest * days
