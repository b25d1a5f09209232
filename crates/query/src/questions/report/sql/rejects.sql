SELECT reason, count(*) AS lines, count(DISTINCT log_file) AS files, min(log_file) AS one_file
FROM rejects
GROUP BY reason
ORDER BY lines DESC, reason
LIMIT 50
