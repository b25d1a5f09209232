-- title: Other accounts in our buckets
-- question: Which foreign accounts use our buckets?
-- pack: exposure
-- kind: report
-- severity: info
-- attack: T1537
-- parameter: own_accounts text  — account ids with commas between them; when empty, the accounts that change settings of an owner's buckets, else its commonest account
-- column: bucket — the bucket
-- column: account — account id of the requester
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: operation — operation as logged
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: bytes — bytes sent, or of objects where nothing is sent
-- false positives: Vendors, accounts of build systems, and AWS services that act under a canonical id.
-- source: Own; other tools only compare with a list

-- Counted first, so that names are taken apart once a combination and not once a request.
WITH counted AS (
  SELECT bucket_owner, bucket, requester, operation,
         count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen, sum(bytes_sent) AS bytes
  FROM logs
  WHERE NOT is_anonymous(requester) AND requester <> bucket_owner
  GROUP BY bucket_owner, bucket, requester, operation
),
seen AS (
  SELECT *, account_id(requester) AS account FROM counted
  WHERE principal_type(requester) NOT IN ('service', 'amazon_s3', 'cloudfront_oai')
),
-- Who changes settings is at home; a partner may read more than we write.
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
