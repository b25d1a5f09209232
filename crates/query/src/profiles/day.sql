-- Activity of each principal per bucket and day, next to the maximum of its earlier days there. Presigned links are left out, because their user
-- is not their signer.
WITH day AS (
  SELECT principal, bucket, day, bool_or(is_aws) AS is_aws, sum(requests) AS requests, sum(reads) AS reads, sum(bytes_read) AS bytes_read,
         sum(writes) AS writes, sum(deletes) AS deletes, sum(lists) AS lists, sum(expiries) AS expiries, sum(settings_read) AS settings_read,
         sum(settings_changed) AS settings_changed, sum(denied) AS denied, min(first_seen) AS first_seen, max(last_seen) AS last_seen
  FROM profile_activity WHERE origin IS DISTINCT FROM 'link' GROUP BY 1, 2, 3
),
whole AS (
  SELECT principal, day, row_number() OVER (PARTITION BY principal ORDER BY day) - 1 AS days_before,
         coalesce(sum(changed) OVER (PARTITION BY principal ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS change_days_before
  FROM (SELECT principal, day, CASE WHEN sum(settings_changed) > 0 THEN 1 ELSE 0 END AS changed FROM day GROUP BY 1, 2)
),
bucket AS (SELECT bucket, min(first_seen) AS bucket_since FROM profile_activity GROUP BY 1)
SELECT d.*, w.days_before, w.change_days_before, b.bucket_since,
       row_number() OVER (PARTITION BY d.principal, d.bucket ORDER BY d.day) - 1 AS bucket_days_before,
       coalesce(max(d.reads) OVER earlier, 0) AS reads_usual, coalesce(max(d.bytes_read) OVER earlier, 0) AS bytes_usual,
       coalesce(max(d.writes) OVER earlier, 0) AS writes_usual, coalesce(max(d.deletes) OVER earlier, 0) AS deletes_usual,
       coalesce(sum(CASE WHEN d.reads > 0 THEN 1 ELSE 0 END) OVER earlier, 0) AS read_days_before,
       coalesce(sum(CASE WHEN d.writes > 0 THEN 1 ELSE 0 END) OVER earlier, 0) AS write_days_before,
       coalesce(sum(CASE WHEN d.deletes > 0 THEN 1 ELSE 0 END) OVER earlier, 0) AS delete_days_before
FROM day d JOIN whole w ON w.principal = d.principal AND w.day = d.day JOIN bucket b ON b.bucket = d.bucket
WINDOW earlier AS (PARTITION BY d.principal, d.bucket ORDER BY d.day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
