SELECT operation, sum(bytes_sent) AS total_bytes_out, sum(object_size) AS total_object_bytes,
       count(*) AS request_count
FROM logs WHERE operation IN ('REST.GET.OBJECT', 'REST.PUT.OBJECT', 'REST.DELETE.OBJECT') GROUP BY operation
