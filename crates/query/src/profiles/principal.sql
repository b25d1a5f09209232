-- Each principal: when it was first seen, and on how many days.
SELECT principal, bool_or(is_aws) AS is_aws, principal LIKE '%:person/%' AS is_person, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
       count(DISTINCT day) AS days, sum(requests) AS requests
FROM profile_activity GROUP BY 1
