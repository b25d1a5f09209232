-- title: Request and egress cost by principal
-- question: What do the requests and traffic of each role or user cost, approximately?
-- pack: cost
-- kind: report
-- severity: info
-- attack: T1496
-- parameter: price_a float 0.005 — price of a thousand writes or listings
-- parameter: price_b float 0.0004 — price of a thousand reads
-- parameter: price_gb float 0.09 — price of 10^9 bytes sent outside AWS
-- column: principal — role or user
-- column: bucket — the bucket
-- column: class_a — writes and listings
-- column: class_b — reads
-- column: bytes — bytes sent, or object size if nothing was sent
-- column: bytes_outside — bytes sent outside AWS
-- column: estimate — cost in the currency of the prices
-- false positives: CloudFront traffic and Requester Pays are not considered; prices differ by Region.
-- source: Reports on attribution of cost; saltmine

-- Aggregates first, so that names and operations are evaluated once per combination, not once per request.
WITH counted AS (
  SELECT requester, bucket, operation,
         coalesce(NOT is_private_ip(remote_ip), false) AND source_region IS NULL AS is_outside,
         count(*) AS requests, sum(possible_size(bytes_sent)) AS bytes
  FROM logs
  WHERE http_status < 500
    -- A copy's source row is not a request of its own. Refused requests from outside the organisation have not been billed since May 2024.
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
