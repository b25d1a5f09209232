-- The records with actor, origin, action and object: the classification that all detections share.
SELECT log_file, log_line, bucket_owner, bucket, request_time, remote_ip, requester, request_id, operation, key, request_uri,
       http_status, error_code, user_agent, version_id, host_id, authentication_type, host_header,
       source_region, referer, signature_version, cipher_suite, tls_version, access_point_arn, acl_required, anomaly,
       possible_size(bytes_sent) AS bytes_sent, possible_size(object_size) AS object_size,
       principal(requester) AS principal,
       -- Anyone who may assume a role can name a session as AWS does. Genuine AWS sessions have no address.
       is_aws_service(requester) AND (remote_ip IS NULL OR principal_type(requester) <> 'assumed_role') AS is_aws,
       action(operation, http_status) AS action,
       -- The user of a presigned URL is not its signer. Inside AWS, addresses change with every instance, so the Region is the origin; outside, the network is.
       CASE WHEN authentication_type IN ('QueryString', 'HtmlForm') THEN 'link'
            WHEN is_private_ip(remote_ip) THEN 'private'
            WHEN remote_ip IS NOT NULL AND source_region IS NOT NULL THEN concat('aws ', source_region)
            ELSE ip_network(remote_ip) END AS origin,
       object_key(key, operation) AS object,
       destination_bucket(host_header, request_uri) AS destination,
       -- A record that was delivered twice counts once; the rows of one DeleteObjects call differ by key and version.
       concat_ws(' ', coalesce(request_id, concat(log_file, ':', CAST(log_line AS VARCHAR))), operation, key, version_id) AS record
FROM $logs
