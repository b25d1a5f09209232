SELECT request_id AS requestid, log_time(request_time) AS requestdatetime
FROM logs WHERE authentication_type = 'HtmlForm'
