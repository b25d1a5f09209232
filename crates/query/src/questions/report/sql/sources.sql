SELECT log_file, size, sha256, lines, rows, rejects, blanks, state, problem, first_time, last_time
FROM sources
ORDER BY sha256, log_file
