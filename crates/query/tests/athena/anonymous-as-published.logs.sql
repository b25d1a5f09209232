SELECT bucket AS bucket_name FROM logs WHERE false
