-- title: Bulk download
-- question: Who read far more than usual, or a lot from a network new to them?
-- pack: exfiltration
-- kind: detection
-- severity: high
-- attack: T1530
-- parameter: keys integer 1000 — minimum distinct keys per day if there is no history
-- parameter: few integer 100 — minimum distinct keys from a new network, or on a person's unusual day
-- parameter: bytes integer 10737418240 — alternative to the minimum keys: minimum bytes
-- parameter: peers integer 3 — people with unusual reads of a bucket on the same days who make it a department's routine, such as the end of a quarter
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
-- source: saltmine's thresholds: weekly and monthly jobs stay below five times the busiest earlier day

-- Principals on a new network that no longer use their known networks: they moved.
WITH moved AS (
  SELECT n.principal, n.origin FROM profile_origin n
  JOIN profile_principal p ON p.principal = n.principal
  JOIN profile_origin k ON k.principal = n.principal AND k.origin <> n.origin
  WHERE n.is_new AND NOT k.is_new AND p.last_seen > n.first_seen + INTERVAL '2 days'
  GROUP BY 1, 2, n.first_seen HAVING max(k.last_seen) < n.first_seen
),
-- A shared network: another principal used it at least two days earlier. An intruder with two stolen credentials starts to use both at about the same time.
places AS (SELECT *, min(first_seen) OVER (PARTITION BY origin) + INTERVAL '2 days' <= first_seen AS is_shared FROM profile_origin),
elsewhere AS (
  SELECT a.principal, a.bucket, a.day, a.origin, o.is_public, o.was_inside, NOT o.is_shared AS is_strange, m.origin IS NOT NULL AS is_moved, a.reads
  FROM profile_activity a JOIN places o ON o.principal = a.principal AND o.origin = a.origin AND o.is_new
  LEFT JOIN moved m ON m.principal = a.principal AND m.origin = a.origin
  WHERE NOT a.is_aws AND a.reads > 0
),
volumes AS (
  SELECT u.principal, u.bucket, u.day, bool_or(u.no_history) AS no_history, p.is_person, min(u.days_with) AS days_with, max(CASE WHEN u.measure = 'reads' THEN u.usual END) AS reads_usual,
         bool_or(NOT u.no_history AND u.bucket_days_before = 0) AS is_new_bucket, coalesce(max(CASE WHEN u.measure = 'reads' THEN u.amount END), 0) AS amount
  FROM profile_unusual u JOIN profile_principal p ON p.principal = u.principal
  WHERE u.principal <> 'anonymous' AND (u.measure = 'reads' AND u.most >= $few OR u.measure = 'bytes_read' AND u.most >= $bytes) AND u.most >= $times * u.usual
  GROUP BY u.principal, u.bucket, u.day, p.is_person
),
-- Other people in the bucket: how many read far more than usual on the same days, and the most that one of them read on an earlier day.
alike AS (
  SELECT v.principal, v.bucket, count(DISTINCT o.principal) AS others FROM volumes v
  JOIN volumes o ON o.bucket = v.bucket AND o.is_person AND o.principal <> v.principal AND o.day BETWEEN v.day - INTERVAL '2 days' AND v.day + INTERVAL '2 days'
  WHERE v.is_person GROUP BY 1, 2
),
busy AS (
  SELECT v.principal, v.bucket, max(d.reads) AS reads FROM (SELECT principal, bucket, min(day) AS since FROM volumes WHERE is_person GROUP BY 1, 2) v
  JOIN profile_day d ON d.bucket = v.bucket AND d.principal <> v.principal AND d.day < v.since AND d.principal LIKE '%:person/%' GROUP BY 1, 2
),
-- Principals first seen days after the logs and the bucket start, only from the internet, and only from networks that no other principal had used.
-- They stay strangers however long they are active.
logs_since AS (SELECT min(first_seen) AS since FROM profile_activity),
homes AS (
  SELECT coalesce(regexp_match(principal, '^([0-9]{12}):')[1], account_id(principal)) AS account FROM profile_principal p CROSS JOIN logs_since l
  WHERE p.first_seen < l.since + INTERVAL '2 days' GROUP BY 1
),
strangers AS (
  SELECT p.principal FROM profile_principal p CROSS JOIN logs_since l
  JOIN homes h ON h.account = coalesce(regexp_match(p.principal, '^([0-9]{12}):')[1], account_id(p.principal))
  JOIN places o ON o.principal = p.principal
  WHERE NOT p.is_aws AND p.first_seen >= l.since + INTERVAL '2 days' GROUP BY 1 HAVING bool_and(o.is_public AND NOT o.is_shared)
),
chosen AS (
  SELECT principal, bucket, day, 'elsewhere' AS why, false AS no_history, is_public, was_inside, is_moved, false AS is_person, CAST(NULL AS BIGINT) AS read_days_before, CAST(NULL AS BIGINT) AS reads_usual, origin, false AS is_new_bucket, is_strange, CAST(0 AS BIGINT) AS most_a_day
  FROM elsewhere
  UNION ALL
  SELECT principal, bucket, day, 'volume', no_history, false, false, false, is_person, days_with, reads_usual, NULL, is_new_bucket, false, amount FROM volumes
  UNION ALL
  SELECT DISTINCT a.principal, a.bucket, a.day, 'stranger', true, true, false, false, false, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS VARCHAR), false, true, CAST(0 AS BIGINT)
  FROM profile_activity a JOIN strangers s ON s.principal = a.principal CROSS JOIN logs_since l
  JOIN (SELECT bucket, min(first_seen) AS since FROM profile_activity GROUP BY 1) b ON b.bucket = a.bucket
  WHERE a.reads > 0 AND a.origin <> 'link' AND a.first_seen >= b.since + INTERVAL '2 days'
),
reads AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.record, r.request_time, r.log_file, r.log_line, c.most_a_day, c.day, c.why, c.no_history, c.is_public, c.was_inside, c.is_moved, c.is_person,
         c.read_days_before, c.reads_usual, c.is_new_bucket, c.is_strange, r.origin, coalesce(o.is_public, false) AS is_from_internet,
         CASE WHEN r.operation LIKE 'REST.COPY.%' THEN r.object_size ELSE r.bytes_sent END AS taken
  FROM requests r JOIN chosen c ON c.principal = r.principal AND c.bucket = r.bucket AND c.day = date_trunc('day', r.request_time) AND (c.origin IS NULL OR c.origin = r.origin)
  LEFT JOIN profile_origin o ON o.principal = r.principal AND o.origin = r.origin
  LEFT JOIN (SELECT DISTINCT bucket FROM profile_activity) ours ON ours.bucket = r.destination
  -- A copy into a bucket that is in these logs is not a loss of data.
  WHERE r.action = 'read' AND (r.origin IS DISTINCT FROM 'link') AND NOT (r.operation LIKE 'REST.COPY.%' AND ours.bucket IS NOT NULL)
),
first_reads AS (
  SELECT k.principal, k.bucket, k.object, k.why, min(r.request_time) < min(k.since) AS is_known
  FROM (SELECT principal, bucket, object, why, min(request_time) AS since FROM reads GROUP BY 1, 2, 3, 4) k
  JOIN requests r ON r.principal = k.principal AND r.bucket = k.bucket AND r.object = k.object AND r.action IN ('read', 'write') GROUP BY 1, 2, 3, 4
),
-- A principal that writes to a bucket on several days also reads, for checks and restores, what it wrote before the logs start.
owners AS (
  SELECT principal, bucket FROM profile_activity WHERE writes > 0 GROUP BY 1, 2 HAVING count(DISTINCT day) >= 2
),
summed AS (
  SELECT r.principal, CASE WHEN count(DISTINCT r.requester) = 1 THEN min(r.requester) WHEN r.principal <> 'anonymous' THEN r.principal END AS requester,
       CASE WHEN count(DISTINCT r.remote_ip) = 1 THEN min(r.remote_ip) END AS remote_ip,
       count(DISTINCT r.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT r.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT r.requester) AS sessions,
         r.bucket, r.why, count(DISTINCT r.record) AS events, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, count(DISTINCT r.day) AS days,
         count(DISTINCT r.object) AS keys, sum_once(r.taken, r.record) AS bytes, max(r.most_a_day) AS most_a_day, count(DISTINCT CASE WHEN NOT f.is_known THEN r.object END) AS new_keys,
         bool_or(r.no_history) AS no_history, bool_or(r.is_public) AS is_public, bool_and(r.was_inside) AS was_inside, bool_and(r.is_moved) AS is_moved, bool_or(r.is_person) AS is_person, bool_or(r.is_new_bucket) AS is_new_bucket, bool_and(r.is_from_internet) AS is_from_internet,
         bool_and(r.is_strange) AS is_strange, bool_and(r.origin LIKE 'aws %') AS is_region, min(r.read_days_before) AS read_days_before, max(r.reads_usual) AS reads_usual,
         evidence(r.log_file, r.log_line, r.request_time) AS evidence
  FROM reads r LEFT JOIN first_reads f ON f.principal = r.principal AND f.bucket = r.bucket AND f.object = r.object AND f.why = r.why
  GROUP BY r.principal, r.bucket, r.why
),
-- The busiest day on new networks and the busiest day on known ones: if they are similar, the principal does its usual work from elsewhere.
paces AS (SELECT principal, bucket, max(reads) AS reads FROM (SELECT principal, bucket, day, sum(reads) AS reads FROM elsewhere GROUP BY 1, 2, 3) GROUP BY 1, 2),
known_paces AS (
  SELECT principal, max(reads) AS reads FROM (
    SELECT a.principal, a.day, sum(a.reads) AS reads FROM profile_activity a JOIN profile_origin o ON o.principal = a.principal AND o.origin = a.origin AND NOT o.is_new
    WHERE a.principal IN (SELECT principal FROM elsewhere) GROUP BY 1, 2
  ) GROUP BY 1
),
-- How often each object is read from known origins: a principal that reads each object once always reads new ones.
repeats AS (
  SELECT r.principal, r.bucket, count(DISTINCT r.object) AS keys_once, count(DISTINCT r.record) AS reads
  FROM requests r JOIN (SELECT DISTINCT principal, bucket FROM elsewhere WHERE NOT is_public) e ON e.principal = r.principal AND e.bucket = r.bucket
  LEFT JOIN elsewhere n ON n.principal = r.principal AND n.bucket = r.bucket AND n.origin = r.origin AND n.day = date_trunc('day', r.request_time)
  WHERE r.action = 'read' AND n.origin IS NULL GROUP BY 1, 2
),
-- Objects that others had read before a stranger did.
used AS (
  SELECT k.principal, k.bucket, count(DISTINCT k.object) AS keys_used FROM (SELECT principal, bucket, object, min(request_time) AS since FROM reads WHERE why = 'stranger' GROUP BY 1, 2, 3) k
  JOIN requests r ON r.bucket = k.bucket AND r.object = k.object AND r.principal <> k.principal AND r.action = 'read' AND r.request_time < k.since GROUP BY 1, 2
),
-- Principals that used the bucket from a known origin.
before AS (
  SELECT DISTINCT a.principal, a.bucket FROM profile_activity a JOIN profile_origin o ON o.principal = a.principal AND o.origin = a.origin AND NOT o.is_new
  WHERE a.principal IN (SELECT principal FROM elsewhere)
),
judged AS (
  SELECT s.*, CASE
      WHEN why = 'elsewhere' AND is_moved THEN 'low'
      WHEN why = 'elsewhere' AND is_public AND was_inside AND p.is_person IS NOT TRUE AND keys >= $few THEN 'high'
      WHEN why = 'elsewhere' AND is_public AND p.is_person IS NOT TRUE AND keys >= $few AND new_keys * 2 >= keys THEN 'high'
      -- A person in a bucket that they never used, on a network that no other principal uses.
      WHEN why = 'elsewhere' AND is_public AND is_strange AND b.principal IS NULL AND keys >= $few AND new_keys * 5 >= keys * 4 THEN 'high'
      -- A program in a new Region that reads new objects. A service that is moved to another Region reads the same objects as before.
      WHEN why = 'elsewhere' AND NOT is_public AND is_region AND p.is_person IS NOT TRUE AND keys >= $times * $few AND new_keys * 5 >= keys * 4 AND i.keys_once * 5 < i.reads * 4 THEN 'high'
      -- Objects that were prepared for a new partner are read by nobody else; a stranger who reads what others read is suspicious.
      WHEN why = 'stranger' AND keys >= $times * $few AND u.keys_used * 5 >= s.keys THEN 'high'
      WHEN why = 'elsewhere' AND is_public AND keys >= 2 * $few AND new_keys * 5 >= keys * 4 AND e.reads >= $times * coalesce(q.reads, 0) THEN 'high'
      -- A person who reads mostly new objects.
      WHEN why = 'volume' AND s.is_person AND NOT no_history AND coalesce(a.others, 0) + 1 < $peers AND coalesce(y.reads, 0) * 2 < s.most_a_day AND new_keys * 5 >= keys * 4 AND keys >= 2 * $few THEN 'high'
      -- A program outside AWS that reads mostly new objects. Inside AWS, training jobs, restores and new pipelines do that too.
      WHEN why = 'volume' AND NOT no_history AND NOT s.is_person AND is_from_internet AND w.principal IS NULL AND new_keys * 5 >= keys * 4 AND keys >= $times * $few THEN 'high'
      WHEN why = 'volume' AND is_new_bucket AND is_from_internet AND w.principal IS NULL AND NOT s.is_person AND keys >= $times * $few THEN 'high'
      WHEN keys >= $few AND (is_public OR NOT no_history) THEN 'medium'
      WHEN keys >= $keys OR bytes >= $bytes THEN 'medium'
      ELSE 'low' END AS severity,
      nullif(array_to_string(make_array(
        CASE WHEN why = 'stranger' THEN concat('new principal, from networks that nobody else had used', CASE WHEN u.keys_used > 0 THEN concat('; ', u.keys_used, ' keys that others had read') ELSE '' END) WHEN why = 'elsewhere' AND is_region THEN 'from a Region that is new for this principal' END,
        CASE WHEN why = 'elsewhere' AND is_strange AND b.principal IS NULL THEN 'never used this bucket before' END,
        CASE WHEN why = 'volume' AND s.is_person AND coalesce(a.others, 0) + 1 >= $peers THEN CASE WHEN a.others = 1 THEN 'another person' ELSE a.others || ' other people' END || ' also read far more than usual on these days' END,
        CASE WHEN why = 'volume' AND s.is_person AND y.reads * 2 >= s.most_a_day THEN 'another person made ' || counted(y.reads, 'read') || ' on an earlier day' END,
        CASE WHEN why = 'elsewhere' AND p.is_person AND e.reads >= $times * coalesce(q.reads, 0) THEN CASE WHEN coalesce(q.reads, 0) = 0 THEN 'never read from known networks' ELSE 'previously at most ' || counted(q.reads, 'read') || ' per day from known networks' END END,
        CASE WHEN why = 'elsewhere' AND is_public AND was_inside THEN 'from the internet, although this principal was only ever used inside AWS'
             WHEN why = 'elsewhere' AND NOT is_region THEN 'from a network that is new for this principal' END,
        CASE WHEN is_moved AND why = 'elsewhere' THEN 'its previous networks are no longer used' END,
        CASE WHEN why = 'volume' AND no_history THEN 'no earlier days to compare with' WHEN why = 'volume' AND is_new_bucket THEN 'never used this bucket before' WHEN why = 'volume' AND read_days_before = 0 THEN 'never read this bucket before'
             WHEN why = 'volume' THEN 'previously at most ' || counted(reads_usual, 'read') || ' per day' END,
        CASE WHEN new_keys > 0 THEN new_keys || ' of ' || counted(keys, 'key') || ' never read by this principal before' END,
        CASE WHEN w.principal IS NOT NULL THEN 'the principal also writes to the bucket' END), '; '), '') AS reasons
  FROM summed s
  JOIN profile_principal p ON p.principal = s.principal
  LEFT JOIN owners w ON w.principal = s.principal AND w.bucket = s.bucket
  LEFT JOIN repeats i ON i.principal = s.principal AND i.bucket = s.bucket LEFT JOIN used u ON u.principal = s.principal AND u.bucket = s.bucket
  LEFT JOIN paces e ON e.principal = s.principal AND e.bucket = s.bucket LEFT JOIN known_paces q ON q.principal = s.principal
  LEFT JOIN before b ON b.principal = s.principal AND b.bucket = s.bucket
  LEFT JOIN alike a ON a.principal = s.principal AND a.bucket = s.bucket
  LEFT JOIN busy y ON y.principal = s.principal AND y.bucket = s.bucket
)
SELECT principal, requester, remote_ip, addresses, remote_ips, sessions, bucket, events, first_seen, last_seen, days, keys, bytes, new_keys, severity, reasons, evidence
FROM judged WHERE (why IN ('elsewhere', 'stranger') AND (keys >= $few OR bytes >= $bytes)) OR (why = 'volume' AND (keys >= $keys OR bytes >= $bytes OR (NOT no_history AND is_person)))
ORDER BY keys DESC, first_seen, principal, bucket
