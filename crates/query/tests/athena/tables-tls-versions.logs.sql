SELECT tls_version, count(*) AS cnt FROM logs GROUP BY tls_version
