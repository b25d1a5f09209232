-- When the logs end.
SELECT max(last_seen) AS last_seen FROM profile_principal
