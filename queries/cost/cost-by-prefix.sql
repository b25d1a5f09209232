-- title: Request cost by prefix
-- question: What do requests to each prefix cost, including listings?
-- pack: cost
-- kind: report
-- severity: info
-- parameter: depth integer 1 — number of key segments that form the prefix
-- parameter: price_a float 0.005 — price of a thousand writes or listings
-- parameter: price_b float 0.0004 — price of a thousand reads
-- column: bucket — bucket
-- column: prefix — first segments of the key, or of the listed prefix
-- column: class_a — writes and listings
-- column: class_b — reads
-- column: lists — listings among class_a
-- column: estimate — cost in the currency of the prices
-- false positives: Prices differ by Region and storage class. Requests that AWS is known not to bill are left out.
-- source: AWS pricing: requests by class

WITH hits AS (
  SELECT bucket, operation, coalesce(object_key(key, operation), uri_param(request_uri, 'prefix'), '') AS name
  FROM logs
  WHERE http_status < 500 AND operation NOT IN ('REST.COPY.OBJECT_GET', 'REST.COPY.PART_GET') AND NOT (http_status = 403 AND is_anonymous(requester))
    AND principal_type(requester) NOT IN ('service', 'amazon_s3')
),
counted AS (
  SELECT bucket, array_to_string(array_slice(string_to_array(name, '/'), 1, $depth), '/') AS prefix,
         count(*) FILTER (WHERE regexp_like(operation, '^REST[.](PUT|POST|COPY)[.]') OR operation IN ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS')) AS class_a,
         count(*) FILTER (WHERE regexp_like(operation, '^(REST|WEBSITE)[.](GET|HEAD)[.]') AND operation NOT IN ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS')) AS class_b,
         count(*) FILTER (WHERE operation IN ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS')) AS lists
  FROM hits GROUP BY 1, 2
)
SELECT bucket, prefix, class_a, class_b, lists, round(class_a * $price_a / 1000 + class_b * $price_b / 1000, 6) AS estimate
FROM counted WHERE class_a + class_b > 0
ORDER BY estimate DESC, bucket, prefix
