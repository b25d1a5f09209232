-- The origins of each principal, and whether they are new: first seen at least two days after the principal, which was seen on two earlier days
-- and does not roam (four or more public networks in the first two days).
-- parameter: settled interval 2 days — time after which a principal's habits count as known; three days would leave most of a week's logs without a baseline
-- parameter: earlier integer 2 — minimum earlier days with requests of the principal: one day does not show a habit
-- parameter: roaming integer 4 — minimum public networks in the first days for a principal to count as roaming, like phones and travellers, so that a new network means nothing
WITH uses AS (
  SELECT principal, origin, min(first_seen) AS first_seen, max(last_seen) AS last_seen, count(DISTINCT day) AS days, sum(requests) AS requests
  FROM profile_activity WHERE principal <> 'anonymous' AND origin IS NOT NULL AND origin <> 'link' GROUP BY 1, 2
),
known AS (
  SELECT *, origin <> 'private' AND origin NOT LIKE 'aws %' AS is_public, min(first_seen) OVER (PARTITION BY principal) AS known_since FROM uses
),
settled AS (
  SELECT principal, count(*) FILTER (WHERE is_public AND first_seen < known_since + $settled) AS early,
         count(*) FILTER (WHERE NOT is_public AND first_seen < known_since + $settled) AS early_inside
  FROM known GROUP BY 1
),
-- Days of each principal, numbered; joining all networks with all days would be quadratic.
seen AS (
  SELECT principal, day, min(first_seen) AS first_seen, row_number() OVER (PARTITION BY principal ORDER BY day) - 1 AS days_before
  FROM profile_activity WHERE principal <> 'anonymous' AND origin IS NOT NULL AND origin <> 'link' GROUP BY 1, 2
),
history AS (
  SELECT k.principal, k.origin, d.days_before + CASE WHEN d.first_seen < k.first_seen THEN 1 ELSE 0 END AS days_before
  FROM known k JOIN seen d ON d.principal = k.principal AND d.day = date_trunc('day', k.first_seen)
)
SELECT k.principal, k.origin, k.is_public, k.first_seen, k.last_seen, k.days, k.requests, k.known_since,
       coalesce(h.days_before, 0) AS days_before, s.early >= $roaming AS is_roaming, s.early = 0 AS was_inside,
       k.first_seen >= k.known_since + $settled AND coalesce(h.days_before, 0) >= $earlier AND s.early < $roaming AS is_new,
       k.first_seen >= k.known_since + $settled AND s.early < $roaming AS is_late
FROM known k JOIN settled s ON s.principal = k.principal LEFT JOIN history h ON h.principal = k.principal AND h.origin = k.origin
