/* One scan for six tables: the column part names the table; columns of the others are null. */
SELECT CASE WHEN grouping(operation) = 0 THEN 'operation'
            WHEN grouping(http_status) = 0 THEN 'error'
            WHEN grouping(tls_version) = 0 THEN 'tls'
            WHEN grouping(cipher_suite) = 0 THEN 'cipher'
            WHEN grouping(signature_version) = 0 THEN 'signature'
            ELSE 'anomaly' END AS part,
       operation, http_status, error_code, tls_version, cipher_suite, signature_version, authentication_type, anomaly,
       count(*) AS requests,
       count(*) FILTER (WHERE http_status >= 400) AS failed,
       sum(possible_size(bytes_sent)) AS bytes_sent,
       -- Requests made by S3 itself have no address, and no transport or signature either.
       count(remote_ip) AS from_clients,
       min(request_time) AS first_seen, max(request_time) AS last_seen
FROM logs
GROUP BY GROUPING SETS (
  (operation), (http_status, error_code), (tls_version), (cipher_suite), (signature_version, authentication_type), (anomaly)
)
QUALIFY row_number() OVER (
  PARTITION BY grouping(operation, http_status, tls_version, cipher_suite, signature_version, anomaly)
  ORDER BY count(*) DESC, operation, http_status, error_code, tls_version, cipher_suite, signature_version,
           authentication_type, anomaly
) <= 50
ORDER BY part, requests DESC, operation, http_status, error_code, tls_version, cipher_suite, signature_version,
         authentication_type, anomaly
