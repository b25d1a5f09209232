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

-- Counted first, so that names and operations are looked at once a combination and not once a request.
WITH counted AS (
  SELECT requester, bucket, operation,
         coalesce(NOT is_private_ip(remote_ip), false) AND source_region IS NULL AS is_outside,
         count(*) AS requests, sum(bytes_sent) AS bytes
  FROM logs
  WHERE http_status < 500
    -- The row of a copy's source is no request of its own. Refusals of others are not billed since May 2024.
    AND operation NOT IN ('REST.COPY.OBJECT_GET', 'REST.COPY.PART_GET')
    AND NOT (http_status = 403 AND is_anonymous(requester))
  GROUP BY 1, 2, 3, 4
),
grouped AS (
  SELECT principal(requester) AS principal, bucket,
         coalesce(sum(requests) FILTER (WHERE regexp_like(operation, '^REST[.](PUT|POST|COPY)[.]')
                             OR operation IN ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS')), 0) AS class_a,
         coalesce(sum(requests) FILTER (WHERE regexp_like(operation, '^(REST|WEBSITE)[.](GET|HEAD)[.]')
                            AND operation NOT IN ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS')), 0) AS class_b,
         coalesce(sum(bytes), 0) AS bytes,
         coalesce(sum(bytes) FILTER (WHERE is_outside), 0) AS bytes_outside
  FROM counted
  WHERE principal_type(requester) NOT IN ('service', 'amazon_s3')
  GROUP BY 1, 2
)
SELECT *, round(class_a * $price_a / 1000 + class_b * $price_b / 1000 + bytes_outside / 1e9 * $price_gb, 4) AS estimate
FROM grouped
ORDER BY estimate DESC, principal, bucket
