-- title: Other accounts in our buckets
-- question: Which foreign accounts use our buckets?
-- pack: exposure
-- kind: report
-- severity: info
-- attack: T1537
-- parameter: own_accounts text  — account ids with commas between them; when empty, each owner's commonest account is taken for its own
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

WITH seen AS (
  SELECT bucket_owner, bucket, requester, operation, bytes_sent, request_time, account_id(requester) AS account
  FROM logs
  WHERE requester IS NOT NULL AND requester <> bucket_owner
    AND principal_type(requester) NOT IN ('service', 'amazon_s3')
),
ranked AS (
  SELECT bucket_owner, account,
         row_number() OVER (PARTITION BY bucket_owner ORDER BY count(*) DESC, account) AS place
  FROM seen WHERE account IS NOT NULL GROUP BY bucket_owner, account
),
home AS (SELECT bucket_owner, account AS home_account FROM ranked WHERE place = 1)
SELECT s.bucket, s.account, s.requester, s.operation,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       sum(s.bytes_sent) AS bytes
FROM seen s LEFT JOIN home h ON h.bucket_owner = s.bucket_owner
WHERE CASE WHEN $own_accounts = '' THEN s.account IS DISTINCT FROM h.home_account
           ELSE NOT coalesce(array_has(string_to_array($own_accounts, ','), s.account), false) END
GROUP BY s.bucket, s.account, s.requester, s.operation
ORDER BY events DESC, s.bucket, s.requester, s.operation
