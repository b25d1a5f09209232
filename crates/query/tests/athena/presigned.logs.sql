SELECT request_id AS requestid, '"' || request_uri || '"' AS request_uri
FROM logs WHERE authentication_type = 'QueryString' AND uri_param(request_uri, 'X-Amz-Expires') IS NOT NULL
