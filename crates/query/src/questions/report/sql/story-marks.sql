/* What each actor of an incident did, by time slot. incident_deeds has the requests of the incidents and what each did. */
SELECT incident, actor, kind, date_bin(CAST($slot AS interval), request_time) AS slot,
       count(DISTINCT record) AS requests, count(DISTINCT object) AS objects, CAST(sum(bytes) AS BIGINT) AS bytes,
       min(request_time) AS first_seen, max(request_time) AS last_seen
FROM incident_deeds
WHERE kind NOT IN ('other', 'failed', 'read_as_usual')
GROUP BY 1, 2, 3, 4
ORDER BY incident, actor, slot, kind
LIMIT 20000
