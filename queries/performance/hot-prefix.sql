-- title: Prefixes close to the S3 request rate limit
-- question: Which prefixes come close to the request rate of one partition?
-- pack: performance
-- kind: report
-- severity: info
-- parameter: read_limit integer 5500 — reads per second
-- parameter: write_limit integer 3500 — writes per second
-- parameter: share float 0.8 — minimum share of the limit
-- parameter: depth integer 2 — number of key segments that form the prefix
-- column: bucket — the bucket
-- column: prefix — first segments of the key
-- column: class — read or write
-- column: peak — maximum requests in one second
-- column: total — all requests
-- false positives: Times in the log are whole seconds.
-- source: AWS documentation on request rates

WITH seconds AS (
  SELECT bucket, array_to_string(array_slice(string_to_array(key, '/'), 1, $depth), '/') AS prefix,
         CASE WHEN regexp_like(operation, '[.](GET|HEAD)[.]') THEN 'read' ELSE 'write' END AS class,
         request_time, count(*) AS requests
  FROM logs
  WHERE key IS NOT NULL AND (operation LIKE 'REST.%' OR operation LIKE 'WEBSITE.%')
  GROUP BY 1, 2, 3, 4
)
SELECT bucket, prefix, class, max(requests) AS peak, sum(requests) AS total
FROM seconds
GROUP BY bucket, prefix, class
HAVING max(requests) >= $share * CASE class WHEN 'read' THEN $read_limit ELSE $write_limit END
ORDER BY peak DESC, bucket, prefix, class
