SELECT coalesce(requester, '-') AS requester, coalesce(signature_version, '-') AS sigv, count(*) AS sigcount
FROM logs GROUP BY requester, signature_version
