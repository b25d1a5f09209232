-- Objects that an actor of an incident had read before it, from the same origin, if it reads such objects no more often than on its busiest earlier day:
-- its usual work goes on next to what is unusual. From a new network nothing was read before. If nearly all reads are in the order of keys, as by a program
-- that lists a bucket, so is what it reads out of that order.
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
),
-- Compared with five reads before and five after, so that single reads between do not put the others out of order.
neighbours AS (
  SELECT scope, bucket, origin, object,
         CASE WHEN lag(object, 1) OVER times > object THEN 1 ELSE 0 END + CASE WHEN lag(object, 2) OVER times > object THEN 1 ELSE 0 END + CASE WHEN lag(object, 3) OVER times > object THEN 1 ELSE 0 END + CASE WHEN lag(object, 4) OVER times > object THEN 1 ELSE 0 END + CASE WHEN lag(object, 5) OVER times > object THEN 1 ELSE 0 END AS greater_before,
         CASE WHEN lead(object, 1) OVER times < object THEN 1 ELSE 0 END + CASE WHEN lead(object, 2) OVER times < object THEN 1 ELSE 0 END + CASE WHEN lead(object, 3) OVER times < object THEN 1 ELSE 0 END + CASE WHEN lead(object, 4) OVER times < object THEN 1 ELSE 0 END + CASE WHEN lead(object, 5) OVER times < object THEN 1 ELSE 0 END AS less_after
  FROM reads WINDOW times AS (PARTITION BY scope, bucket, origin ORDER BY request_time, object)
),
ordered AS (SELECT *, greater_before < 3 AND less_after < 3 AS is_in_order FROM neighbours),
sweeps AS (
  SELECT scope, bucket, origin FROM ordered
  -- Of reads in a random order, a fifth are by chance.
  GROUP BY 1, 2, 3 HAVING count(*) >= 100 AND 3 * count(*) FILTER (WHERE is_in_order) >= 2 * count(*)
),
apart AS (
  SELECT o.scope, o.bucket, o.origin, o.object, p.days, p.busiest, count(*) AS reads
  FROM ordered o JOIN sweeps s ON s.scope = o.scope AND s.bucket = o.bucket AND s.origin = o.origin
  JOIN paces p ON p.scope = o.scope AND p.bucket = o.bucket AND p.origin = o.origin
  GROUP BY 1, 2, 3, 4, 5, 6 HAVING NOT bool_or(o.is_in_order)
)
SELECT DISTINCT scope, bucket, origin, object FROM (
  SELECT *, sum(reads) OVER (PARTITION BY scope, bucket, origin) AS of_all FROM again
  UNION ALL
  SELECT *, sum(reads) OVER (PARTITION BY scope, bucket, origin) FROM apart
) WHERE of_all <= busiest * days
