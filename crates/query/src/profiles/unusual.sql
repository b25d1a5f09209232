-- Episodes of unusual activity. An episode begins on a day with at least ten requests and at least four times as many as on any earlier day, and includes
-- later days with at least twice as many. A principal without two earlier days has an episode too, unless the level lasts for five days: then it is the baseline.
-- `most` is the busiest day of the episode.
-- parameter: settled interval 2 days — time after which a principal's habits count as known; three days would leave most of a week's logs without a baseline
-- parameter: earlier integer 2 — minimum earlier days with requests of the principal: one day does not show a habit
-- parameter: least integer 10 — minimum requests per day; below that, multiples occur by chance
-- parameter: times integer 4 — multiple of the busiest earlier day that begins an episode: programs vary by a factor below two, people below four
-- parameter: goes_on integer 2 — multiple that continues an episode: slow work falls below `times` on some days without returning to the baseline
-- parameter: lasting integer 5 — days after which the level of a principal without a history becomes its baseline
-- parameter: follows interval 7 days — maximum length of an episode without a history
WITH amounts AS (
  SELECT principal, bucket, day, days_before, bucket_days_before, bucket_since, first_seen, 'deletes' AS measure, deletes AS amount, deletes_usual AS usual, delete_days_before AS days_with
  FROM profile_day WHERE NOT is_aws AND deletes > 0
  UNION ALL
  SELECT principal, bucket, day, days_before, bucket_days_before, bucket_since, first_seen, 'writes', writes, writes_usual, write_days_before FROM profile_day WHERE NOT is_aws AND writes > 0
  UNION ALL
  SELECT principal, bucket, day, days_before, bucket_days_before, bucket_since, first_seen, 'reads', reads, reads_usual, read_days_before FROM profile_day WHERE NOT is_aws AND reads > 0
  UNION ALL
  SELECT principal, bucket, day, days_before, bucket_days_before, bucket_since, first_seen, 'bytes_read', bytes_read, bytes_usual, read_days_before FROM profile_day WHERE NOT is_aws AND bytes_read > 0
),
began AS (
  SELECT principal, bucket, measure, min(day) AS began FROM amounts
  WHERE days_before >= $earlier AND amount >= $least AND amount >= $times * usual GROUP BY 1, 2, 3
),
against AS (
  SELECT a.principal, a.bucket, a.measure, b.began, a.usual, a.days_with, a.days_before, a.bucket_days_before
  FROM began b JOIN amounts a ON a.principal = b.principal AND a.bucket = b.bucket AND a.measure = b.measure AND a.day = b.began
),
early AS (
  SELECT principal, bucket, measure, min(day) AS began, min(bucket_since) + $settled < min(first_seen) AS is_late FROM amounts
  WHERE days_before < $earlier AND amount >= $least GROUP BY 1, 2, 3
),
-- A level that lasts for five days is the baseline.
fresh AS (
  SELECT e.principal, e.bucket, e.measure, e.began, e.is_late
  FROM early e JOIN amounts f ON f.principal = e.principal AND f.bucket = e.bucket AND f.measure = e.measure AND f.day = e.began
  JOIN amounts a ON a.principal = e.principal AND a.bucket = e.bucket AND a.measure = e.measure
  GROUP BY 1, 2, 3, 4, 5 HAVING count(DISTINCT CASE WHEN a.amount * $times >= f.amount THEN a.day END) < $lasting
),
days AS (
  SELECT a.principal, a.bucket, a.measure, a.day, a.amount, g.usual, g.days_with, g.bucket_days_before, false AS no_history, false AS is_late
  FROM amounts a JOIN against g ON g.principal = a.principal AND g.bucket = a.bucket AND g.measure = a.measure
  WHERE a.day >= g.began AND a.amount >= $least AND a.amount >= $goes_on * g.usual
  UNION ALL
  SELECT a.principal, a.bucket, a.measure, a.day, a.amount, 0, 0, 0, true, f.is_late
  FROM amounts a JOIN fresh f ON f.principal = a.principal AND f.bucket = a.bucket AND f.measure = a.measure
  WHERE a.day >= f.began AND a.day < f.began + $follows AND a.amount >= $least
)
SELECT *, max(amount) OVER (PARTITION BY principal, bucket, measure) AS most FROM (
  SELECT principal, bucket, measure, day, max(amount) AS amount, max(usual) AS usual, max(days_with) AS days_with, max(bucket_days_before) AS bucket_days_before,
         bool_or(no_history) AS no_history, bool_or(is_late) AS is_late
  FROM days GROUP BY 1, 2, 3, 4
)
