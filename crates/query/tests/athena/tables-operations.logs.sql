SELECT operation, count(*) AS cnt FROM logs GROUP BY operation
