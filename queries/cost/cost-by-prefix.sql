-- title: Requests and their cost by prefix
-- question: Which prefixes do requests cost, listings included?
-- pack: cost
-- kind: report
-- severity: info
-- parameter: depth integer 1 — parts of the key, between slashes, that make a prefix
-- parameter: price_a float 0.005 — for a thousand writes and listings
-- parameter: price_b float 0.0004 — for a thousand reads
-- column: bucket — bucket
-- column: prefix — the first parts of the key, or of the prefix that was listed
-- column: class_a — writes and listings
-- column: class_b — reads
-- column: lists — listings among class_a
-- column: estimate — in the currency of the prices
-- false positives: Prices differ by Region and storage class; what AWS does not bill is left out as far as it is known.
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
