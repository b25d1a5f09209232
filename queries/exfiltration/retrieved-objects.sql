-- title: Which objects left, and how completely
-- question: For the notice of a breach: which objects were sent, how completely, to whom?
-- pack: exfiltration
-- kind: report
-- severity: info
-- attack: T1530
-- parameter: since timestamp 1970-01-01T00:00:00Z — begin of the incident
-- parameter: until timestamp 2200-01-01T00:00:00Z — end of the incident
-- parameter: who text % — LIKE pattern of the requester; anonymous callers are `anonymous`
-- parameter: address text 0.0.0.0/0,::/0 — networks, with commas between them
-- column: bucket — the bucket
-- column: key_decoded — the decoded key
-- column: version_id — the version, where one was asked for
-- column: requester — who, by ARN or canonical id; null is anonymous
-- column: remote_ip — the source IP where there is one, else null
-- column: events — requests that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: object_size — largest size seen
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: verdict — how much was sent
-- false positives: Ranges are not logged, so the same range read twice looks complete; sent does not mean received.
-- source: Own

SELECT bucket, object_key(key, operation) AS key_decoded, version_id, requester, remote_ip,
       count(*) AS events, min(request_time) AS first_seen, max(request_time) AS last_seen,
       max(object_size) AS object_size, sum(CASE WHEN operation LIKE 'REST.COPY.%' THEN object_size ELSE bytes_sent END) AS bytes,
       CASE WHEN bool_or(operation LIKE 'REST.COPY.%') THEN 'copied by S3'
            WHEN bool_or(coalesce(bytes_sent, 0) >= object_size) THEN 'whole object in one response'
            WHEN sum(bytes_sent) >= max(object_size) THEN 'bytes cover the size; ranges unknown'
            ELSE 'part of the object' END AS verdict
FROM logs
WHERE is_read(operation, http_status)
  AND request_time BETWEEN $since AND $until
  AND coalesce(requester, 'anonymous') LIKE $who
  AND ($address = '0.0.0.0/0,::/0' OR ip_in(remote_ip, $address))
GROUP BY bucket, object_key(key, operation), version_id, requester, remote_ip
ORDER BY bytes DESC NULLS LAST, bucket, key_decoded, version_id, requester NULLS FIRST, remote_ip
