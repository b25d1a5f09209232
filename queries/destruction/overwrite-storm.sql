-- title: Objects encrypted or overwritten in place
-- question: Who overwrote far more of other principals' objects than usual, and can the objects still be read?
-- pack: destruction
-- kind: detection
-- severity: critical
-- attack: T1486
-- parameter: keys integer 50 — minimum distinct keys if there is no history
-- parameter: few integer 10 — minimum distinct keys of other principals
-- parameter: times integer 4 — multiple of the busiest earlier day that counts as unusual
-- parameter: gap interval 1 day — longest time between the read and the write of a key, if there is no history
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
-- column: keys_rewritten — distinct keys overwritten
-- column: keys_refused — distinct keys with a refused write
-- column: by_copy — distinct keys written by a copy, including multipart copies
-- column: keys_readable — keys that others have read since
-- column: keys_unreadable — keys that others could not read afterwards
-- column: severity — severity of this row
-- column: reasons — why it has this severity
-- column: evidence — up to three records as log_file:log_line
-- false positives: Planned changes of encryption or storage class: rated medium once others have read the objects again. AWS batch jobs are not shown.
-- cannot tell: Which key encrypts the objects now: CloudTrail has the headers of CopyObject and PutObject.
-- next: Suspend the credentials. With versioning, earlier versions are intact unless version-purge finds otherwise. Check the encryption of a few objects with HEAD requests.
-- source: Reports on ransom with customer keys
-- source: AWS advice on copies that overwrite

WITH -- Principals on a new network that no longer use their known networks: they moved.
moved AS (
  SELECT n.principal, n.origin FROM profile_origin n JOIN profile_principal p ON p.principal = n.principal JOIN profile_origin k ON k.principal = n.principal AND k.origin <> n.origin
  WHERE n.is_new AND NOT k.is_new AND p.last_seen > n.first_seen + INTERVAL '2 days' GROUP BY n.principal, n.origin, n.first_seen HAVING max(k.last_seen) < n.first_seen
),
new_origins AS (
  SELECT DISTINCT a.principal, a.bucket, a.day FROM profile_activity a JOIN profile_origin o ON o.principal = a.principal AND o.origin = a.origin AND o.is_new
  LEFT JOIN moved m ON m.principal = a.principal AND m.origin = a.origin WHERE a.writes > 0 AND m.principal IS NULL
),
chosen AS (
  SELECT principal, bucket, day, bool_or(no_history) AS no_history, bool_or(is_late) AS is_late, bool_or(is_new_origin) AS is_new_origin, max(usual) AS usual
  FROM (
    SELECT principal, bucket, day, no_history, is_late, false AS is_new_origin, usual FROM profile_unusual WHERE measure = 'writes' AND amount >= $few AND amount >= $times * usual
    UNION ALL SELECT principal, bucket, day, false, false, true, 0 FROM new_origins
    -- Refused writes count as attempts.
    UNION ALL SELECT principal, bucket, day, days_before < 2, false, false, 0 FROM profile_day WHERE NOT is_aws AND denied >= $keys AND denied > writes
  ) GROUP BY 1, 2, 3
),
writes AS (
  SELECT r.principal, r.requester, r.remote_ip, r.bucket, r.object, r.operation, r.http_status, r.record, r.request_time, r.log_file, r.log_line, c.no_history, c.is_late, c.is_new_origin, c.usual
  FROM requests r JOIN chosen c ON c.principal = r.principal AND c.bucket = r.bucket AND c.day = date_trunc('day', r.request_time)
  WHERE r.action = 'write' OR (r.http_status = 403 AND r.operation IN ('REST.COPY.OBJECT', 'REST.PUT.OBJECT', 'REST.POST.UPLOAD', 'REST.COPY.PART'))
),
-- Several writes of a key count once; the first of the episode is compared.
written AS (SELECT principal, bucket, object, min(request_time) AS at, max(request_time) AS last_at FROM writes GROUP BY 1, 2, 3),
fate AS (
  SELECT w.principal, w.bucket, w.object,
         bool_or(r.principal <> w.principal AND r.action IN ('read', 'write') AND r.request_time < w.at) AS is_used,
         bool_or(r.principal = w.principal AND r.action = 'write' AND r.request_time < w.at) AS is_own,
         bool_or(r.principal = w.principal AND r.action = 'read' AND r.request_time BETWEEN w.at - CAST($gap AS INTERVAL) AND w.at + INTERVAL '2 seconds') AS is_taken,
         bool_or(r.principal = w.principal AND r.operation LIKE 'REST.COPY.PART%') AS is_copied,
         bool_or(r.principal <> w.principal AND r.action = 'read' AND r.request_time > w.last_at) AS is_readable,
         bool_or(r.principal <> w.principal AND (r.http_status = 400 AND (r.error_code IS NULL OR r.error_code IN ('InvalidRequest', 'BadRequest', '400')) OR r.error_code LIKE 'KMS.%')
                 AND r.operation IN ('REST.GET.OBJECT', 'REST.HEAD.OBJECT') AND r.request_time > w.at) AS is_unreadable
  FROM written w JOIN requests r ON r.bucket = w.bucket AND r.object = w.object
  GROUP BY 1, 2, 3
),
over AS (
  SELECT w.*, f.is_used, f.is_taken, f.is_copied, f.is_readable, f.is_unreadable
  FROM writes w JOIN fate f ON f.principal = w.principal AND f.bucket = w.bucket AND f.object = w.object
  -- Without a history, keys that are read and then written are the sign of encryption.
  WHERE (NOT w.no_history AND f.is_used AND f.is_own IS NOT TRUE) OR (w.no_history AND f.is_taken AND f.is_own IS NOT TRUE)
),
summed AS (
  SELECT w.principal, CASE WHEN count(DISTINCT w.requester) = 1 THEN min(w.requester) WHEN w.principal <> 'anonymous' THEN w.principal END AS requester,
       CASE WHEN count(DISTINCT w.remote_ip) = 1 THEN min(w.remote_ip) END AS remote_ip,
       count(DISTINCT w.remote_ip) AS addresses, array_slice(array_sort(array_agg(DISTINCT w.remote_ip)), 1, 10) AS remote_ips,
       count(DISTINCT w.requester) AS sessions, w.bucket, count(DISTINCT w.record) AS events, min(w.request_time) AS first_seen, max(w.request_time) AS last_seen,
         count(DISTINCT CASE WHEN w.http_status <> 403 THEN w.object END) AS keys_rewritten,
         count(DISTINCT CASE WHEN w.http_status = 403 THEN w.object END) AS keys_refused,
         count(DISTINCT CASE WHEN w.operation IN ('REST.COPY.OBJECT', 'REST.COPY.PART') OR w.is_copied THEN w.object END) AS by_copy,
         count(DISTINCT CASE WHEN w.is_readable THEN w.object END) AS keys_readable, count(DISTINCT CASE WHEN w.is_unreadable THEN w.object END) AS keys_unreadable,
         count(DISTINCT CASE WHEN w.is_taken THEN w.object END) AS keys_taken,
         count(DISTINCT CASE WHEN w.is_used THEN w.object END) AS keys_in_use, bool_or(w.no_history) AS no_history, bool_or(w.is_late) AS is_late, bool_or(w.is_new_origin) AS is_new_origin, max(w.usual) AS usual,
         evidence(w.log_file, w.log_line, w.request_time) AS evidence
  FROM over w GROUP BY w.principal, w.bucket
)
SELECT principal, requester, remote_ip, addresses, remote_ips, sessions, bucket, events, first_seen, last_seen, keys_rewritten, keys_refused, by_copy, keys_readable, keys_unreadable,
       CASE WHEN keys_unreadable >= 3 AND keys_unreadable * 20 >= keys_rewritten THEN 'critical'
            WHEN keys_readable >= 3 AND keys_unreadable = 0 AND keys_readable * 20 >= keys_rewritten THEN 'medium'
            WHEN is_late AND keys_in_use * 2 < keys_rewritten + keys_refused THEN 'medium'
            WHEN keys_taken * 2 >= keys_rewritten + keys_refused OR is_new_origin THEN 'high'
            ELSE 'medium' END AS severity,
       nullif(array_to_string(make_array(
         CASE WHEN keys_unreadable > 0 THEN counted(keys_unreadable, 'key') || ' that others could not read afterwards' END,
         CASE WHEN keys_readable > 0 THEN counted(keys_readable, 'key') || ' that others have read since' END,
         CASE WHEN no_history THEN 'no earlier days to compare with' ELSE 'previously at most ' || counted(usual, 'write') || ' per day' END,
         CASE WHEN is_new_origin THEN 'from a network that is new for this principal' END,
         CASE WHEN keys_in_use > 0 THEN counted(keys_in_use, 'key') || ' that others had used' END,
         CASE WHEN keys_taken > 0 THEN counted(keys_taken, 'key') || ' that the principal had read before' END), '; '), '') AS reasons,
       evidence
FROM summed
WHERE (no_history AND keys_rewritten + keys_refused >= $keys) OR (NOT no_history AND keys_rewritten + keys_refused >= $few)
ORDER BY keys_rewritten DESC, first_seen, principal, bucket
