-- title: Requests and egress by principal
-- question: What do requests and traffic of each role or user cost, about?
-- pack: cost
-- kind: report
-- severity: info
-- attack: T1496
-- parameter: price_a float 0.005 — for a thousand writes and listings
-- parameter: price_b float 0.0004 — for a thousand reads
-- parameter: price_gb float 0.09 — for 10^9 bytes to outside AWS
-- column: principal — role or user
-- column: bucket — the bucket
-- column: class_a — writes and listings
-- column: class_b — reads
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: bytes_outside — bytes to outside AWS
-- column: estimate — in the currency of the prices
-- false positives: CloudFront's traffic, requester pays; prices differ by Region.
-- source: Reports on attribution of cost; own

WITH grouped AS (
  SELECT coalesce(role_name(requester), requester, 'anonymous') AS principal, bucket,
         count(*) FILTER (WHERE regexp_like(operation, '^REST[.](PUT|POST|COPY)[.]')
                             OR operation IN ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS')) AS class_a,
         count(*) FILTER (WHERE regexp_like(operation, '^(REST|WEBSITE)[.](GET|HEAD)[.]')
                            AND operation NOT IN ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS')) AS class_b,
         coalesce(sum(bytes_sent), 0) AS bytes,
         coalesce(sum(bytes_sent) FILTER (WHERE NOT is_private_ip(remote_ip) AND source_region IS NULL), 0) AS bytes_outside
  FROM logs
  WHERE principal_type(requester) NOT IN ('service', 'amazon_s3') AND http_status < 500
  GROUP BY 1, 2
)
SELECT *, round(class_a * $price_a / 1000 + class_b * $price_b / 1000 + bytes_outside / 1e9 * $price_gb, 4) AS estimate
FROM grouped
ORDER BY estimate DESC, principal, bucket
