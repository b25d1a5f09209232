-- title: External accounts in our buckets
-- question: Which external accounts use our buckets?
-- pack: exposure
-- kind: report
-- severity: info
-- attack: T1537
-- parameter: own_accounts text  — comma-separated account ids; if empty, the accounts that change settings of the owner's buckets, otherwise its most frequent account
-- column: bucket — the bucket
-- column: account — account id of the requester
-- column: requester — requester ARN or canonical id; null for anonymous
-- column: operation — operation as logged
-- column: events — matching requests
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: bytes — bytes sent, or object size if nothing was sent
-- false positives: Vendors, build accounts, and AWS services that act under a canonical id.
-- source: saltmine; other tools only compare with a list

-- Aggregates first, so that names are parsed once per combination, not once per request.
WITH counted AS (
  SELECT bucket_owner, bucket, requester, operation,
         count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen, sum(possible_size(bytes_sent)) AS bytes
  FROM logs
  WHERE NOT is_anonymous(requester) AND requester <> bucket_owner
  GROUP BY bucket_owner, bucket, requester, operation
),
seen AS (
  SELECT *, account_id(requester) AS account FROM counted
  WHERE principal_type(requester) NOT IN ('service', 'amazon_s3', 'cloudfront_oai')
),
-- The owner's accounts change settings; reads do not show ownership, since a partner may read more than the owner writes.
weighed AS (
  SELECT *, sum(events) OVER (PARTITION BY bucket_owner, account) AS weight,
         sum(CASE WHEN operation_class(operation) IN ('config_change', 'access_change') THEN events ELSE 0 END) OVER (PARTITION BY bucket_owner, account) AS changes
  FROM seen
),
placed AS (
  SELECT *, first_value(account) OVER (PARTITION BY bucket_owner ORDER BY account IS NULL, changes DESC, weight DESC, account) AS home_account
  FROM weighed
)
SELECT bucket, account, requester, operation,
       sum(events) AS events, min(first_seen) AS first_seen, max(last_seen) AS last_seen, sum(bytes) AS bytes
FROM placed
WHERE CASE WHEN $own_accounts = '' THEN account IS DISTINCT FROM home_account
           ELSE NOT coalesce(array_has(string_to_array($own_accounts, ','), account), false) END
GROUP BY bucket, account, requester, operation
ORDER BY events DESC, bucket, requester, operation
