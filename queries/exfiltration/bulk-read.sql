-- title: Bulk download
-- question: Who read far more than usual, or a lot from a network new to them?
-- pack: exfiltration
-- kind: detection
-- severity: high
-- attack: T1530
-- parameter: keys integer 1000 — minimum distinct keys per day if there is no history
-- parameter: few integer 100 — minimum distinct keys from a new network, or on a person's unusual day
-- parameter: bytes integer 10737418240 — alternative to the minimum keys: minimum bytes
-- parameter: times integer 5 — multiple of the busiest earlier day that counts as unusual
-- column: principal — who acted, independent of the session: role, user or person
-- column: requester — the requester if there is only one, otherwise the principal; null for anonymous
-- column: remote_ip — the source IP if there is only one, otherwise null
-- column: addresses — number of source IPs
-- column: remote_ips — up to ten source IPs
-- column: sessions — number of requesters
-- column: bucket — bucket
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: days — days with such reads
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: new_keys — distinct keys that the principal had not read before
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: First runs of backups, training and migration jobs, restore tests: at most medium from inside AWS. Providers that move a program to new public addresses.
-- cannot tell: What the objects contained, and why they were read. Byte counts are what S3 sent or copied.
-- next: Deactivate the access key, or revoke the role's existing sessions. List the downloaded objects with retrieved-objects, and review the principal's timeline.
-- source: AWS documentation, "bytes sent to an address"
-- source: Thresholds of our own: five times the busiest earlier day is beyond what weekly and monthly jobs vary by

-- Principals on a new network whose known networks stay in use: they did not move.
WITH moved AS (
  SELECT n.principal, n.origin FROM profile_origin n
  JOIN profile_principal p ON p.principal = n.principal
  JOIN profile_origin k ON k.principal = n.principal AND k.origin <> n.origin
  WHERE n.is_new AND NOT k.is_new AND p.last_seen > n.first_seen + INTERVAL '2 days'
  GROUP BY 1, 2, n.first_seen HAVING max(k.last_seen) < n.first_seen
),
elsewhere AS (
  SELECT a.principal, a.bucket, a.day, a.origin, o.is_public, o.was_inside, m.origin IS NOT NULL AS is_moved
  FROM profile_activity a JOIN profile_origin o ON o.principal = a.principal AND o.origin = a.origin AND o.is_new
  LEFT JOIN moved m ON m.principal = a.principal AND m.origin = a.origin
  WHERE NOT a.is_aws AND a.reads > 0
),
chosen AS (
  SELECT principal, bucket, day, 'elsewhere' AS why, false AS no_history, is_public, was_inside, is_moved, false AS is_person, CAST(NULL AS BIGINT) AS read_days_before, CAST(NULL AS BIGINT) AS reads_usual, origin, false AS is_new_bucket
  FROM elsewhere
  UNION ALL
  SELECT u.principal, u.bucket, u.day, 'volume', u.no_history, false, false, false, p.is_person, u.days_with, CASE WHEN u.measure = 'reads' THEN u.usual END, NULL, NOT u.no_history AND u.bucket_days_before = 0
  FROM profile_unusual u JOIN profile_principal p ON p.principal = u.principal
  WHERE u.principal <> 'anonymous' AND (u.measure = 'reads' AND u.most >= $few OR u.measure = 'bytes_read' AND u.most >= $bytes) AND u.most >= $times * u.usual
),
reads AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.record, r.request_time, r.log_file, r.log_line, c.day, c.why, c.no_history, c.is_public, c.was_inside, c.is_moved, c.is_person,
         c.read_days_before, c.reads_usual, c.is_new_bucket, coalesce(o.is_public, false) AS is_from_internet,
         CASE WHEN r.operation LIKE 'REST.COPY.%' THEN r.object_size ELSE r.bytes_sent END AS taken
  FROM requests r JOIN chosen c ON c.principal = r.principal AND c.bucket = r.bucket AND c.day = date_trunc('day', r.request_time) AND (c.origin IS NULL OR c.origin = r.origin)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  LEFT JOIN (SELECT DISTINCT bucket FROM profile_activity) ours ON ours.bucket = r.destination
  -- A copy into a bucket of these logs takes no data out.
  WHERE r.action = 'read' AND (r.origin IS DISTINCT FROM 'link') AND NOT (r.operation LIKE 'REST.COPY.%' AND ours.bucket IS NOT NULL)
),
first_reads AS (
  SELECT k.principal, k.bucket, k.object, k.why, min(r.request_time) < min(k.since) AS is_known
  FROM (SELECT principal, bucket, object, why, min(request_time) AS since FROM reads GROUP BY 1, 2, 3, 4) k
  JOIN requests r ON r.principal = k.principal AND r.bucket = k.bucket AND r.object = k.object AND r.action IN ('read', 'write') GROUP BY 1, 2, 3, 4
),
-- A principal that writes to a bucket daily also reads, for checks and restores, what it wrote before the logs start.
owners AS (
  SELECT principal, bucket FROM profile_activity WHERE writes > 0 GROUP BY 1, 2 HAVING count(DISTINCT day) >= 2
),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions,
         r.bucket, r.why, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.day) AS days,
         count(DISTINCT r.object) AS keys, sum(r.taken) AS bytes, count(DISTINCT CASE WHEN NOT f.is_known THEN r.object END) AS new_keys,
         bool_or(r.no_history) AS no_history, bool_or(r.is_public) AS is_public, bool_and(r.was_inside) AS was_inside, bool_and(r.is_moved) AS is_moved, bool_or(r.is_person) AS is_person, bool_or(r.is_new_bucket) AS is_new_bucket, bool_and(r.is_from_internet) AS is_from_internet,
         min(r.read_days_before) AS read_days_before, max(r.reads_usual) AS reads_usual,
         evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM reads r LEFT JOIN first_reads f ON f.principal = r.principal AND f.bucket = r.bucket AND f.object = r.object AND f.why = r.why
  GROUP BY r.principal, r.bucket, r.why
),
judged AS (
  SELECT s.*, CASE
      WHEN why = 'elsewhere' AND is_moved THEN 'low'
      WHEN why = 'elsewhere' AND is_public AND was_inside AND p.is_person IS NOT TRUE AND keys >= $few THEN 'high'
      WHEN why = 'elsewhere' AND is_public AND p.is_person IS NOT TRUE AND keys >= $few AND new_keys * 2 >= keys THEN 'high'
      WHEN why = 'elsewhere' AND is_public AND keys >= $times * $few AND new_keys * 5 >= keys * 4 AND keys >= $times * p.busiest THEN 'high'
      -- A person who reads data that they never used before.
      WHEN why = 'volume' AND s.is_person AND NOT no_history AND new_keys * 5 >= keys * 4 AND keys >= 2 * $few THEN 'high'
      -- A program outside AWS that reads data new to it. From inside AWS, training jobs, restores and new pipelines do the same.
      WHEN why = 'volume' AND NOT no_history AND is_from_internet AND w.principal IS NULL AND new_keys * 5 >= keys * 4 AND keys >= $times * $few THEN 'high'
      WHEN why = 'volume' AND is_new_bucket AND is_from_internet AND w.principal IS NULL AND NOT s.is_person AND keys >= $times * $few THEN 'high'
      WHEN keys >= $few AND (is_public OR NOT no_history) THEN 'medium'
      WHEN keys >= $keys OR bytes >= $bytes THEN 'medium'
      ELSE 'low' END AS severity,
      nullif(array_to_string(make_array(
        CASE WHEN why = 'elsewhere' AND is_public AND was_inside THEN 'from the internet, where this principal was only ever inside'
             WHEN why = 'elsewhere' THEN 'from a network that is new for this principal' END,
        CASE WHEN is_moved AND why = 'elsewhere' THEN 'the networks known before are not used any more' END,
        CASE WHEN why = 'volume' AND no_history THEN 'no earlier days to compare with' WHEN why = 'volume' AND is_new_bucket THEN 'never used this bucket before' WHEN why = 'volume' AND read_days_before = 0 THEN 'never read this bucket before'
             WHEN why = 'volume' THEN 'at most ' || reads_usual || ' reads a day before' END,
        CASE WHEN new_keys > 0 THEN new_keys || ' of ' || keys || ' keys never read by it before' END,
        CASE WHEN w.principal IS NOT NULL THEN 'it writes into the bucket too' END), '; '), '') AS reasons
  FROM summed s
  JOIN (SELECT q.principal, bool_or(q.is_person) AS is_person, max(d.reads) AS busiest FROM profile_principal q JOIN profile_day d ON d.principal = q.principal GROUP BY 1) p
    ON p.principal = s.principal
  LEFT JOIN owners w ON w.principal = s.principal AND w.bucket = s.bucket
)
SELECT principal, requester, remote_ip, addresses, remote_ips, sessions, bucket, events, first_seen, last_seen, days, keys, bytes, new_keys, severity, reasons, evidence
FROM judged WHERE (why = 'elsewhere' AND (keys >= $few OR bytes >= $bytes)) OR (why = 'volume' AND (keys >= $keys OR bytes >= $bytes OR (NOT no_history AND is_person)))
ORDER BY keys DESC, first_seen, principal, bucket
