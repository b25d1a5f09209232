/* Hours without records, by bucket: between its first and last hour, and from there to the end of the logs. */
WITH hours AS (
  SELECT bucket, date_trunc('hour', request_time) AS hour, count(*) AS requests
  FROM logs
  WHERE request_time IS NOT NULL AND bucket IS NOT NULL
  GROUP BY 1, 2
),
steps AS (
  SELECT bucket, hour, requests,
         CAST((date_part('epoch', lead(hour) OVER (PARTITION BY bucket ORDER BY hour)) - date_part('epoch', hour)) / 3600 - 1
              AS bigint) AS silent,
         max(hour) OVER () AS last_of_all
  FROM hours
)
SELECT bucket,
       sum(requests) AS requests,
       count(*) AS hours_with_lines,
       coalesce(sum(silent), 0) AS hours_without,
       count(*) FILTER (WHERE silent > 0) AS gaps,
       max(silent) AS longest_gap_hours,
       CASE WHEN max(silent) > 0 THEN first_value(hour ORDER BY silent DESC NULLS LAST, hour) END AS last_hour_before,
       min(hour) AS first_hour,
       max(hour) AS last_hour,
       CAST((date_part('epoch', max(last_of_all)) - date_part('epoch', max(hour))) / 3600 AS bigint) AS silent_at_end
FROM steps
GROUP BY bucket
ORDER BY hours_without DESC, bucket
LIMIT 100
