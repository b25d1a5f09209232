-- Where each principal comes from, whether that is new for it, when it was first seen and how busy it is. Next to a new network, a public one that it began
-- to use up to a day earlier is new too, although the principal had been active on too few days for that one alone.
WITH origins AS (
  SELECT *, min(CASE WHEN is_new AND is_public THEN first_seen END) OVER (PARTITION BY principal) AS new_since FROM profile_origin
),
begins AS (SELECT min(first_seen) AS since FROM profile_principal)
SELECT o.principal, o.origin, o.is_new OR coalesce(o.is_late AND o.is_public AND o.first_seen BETWEEN o.new_since - INTERVAL '1 day' AND o.new_since, false) AS is_new,
       p.is_aws, p.days, p.requests, CASE WHEN p.first_seen >= b.since + INTERVAL '2 days' THEN p.first_seen END AS came_at
FROM origins o JOIN profile_principal p ON p.principal = o.principal CROSS JOIN begins b
