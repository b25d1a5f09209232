-- title: Objects retrieved, for a breach notice
-- question: Which objects and versions were sent or copied away, how completely, to whom, by which way?
-- pack: exfiltration
-- kind: report
-- severity: info
-- attack: T1530
-- attack: T1537
-- parameter: since timestamp 1970-01-01T00:00:00Z — begin of the incident
-- parameter: until timestamp 2200-01-01T00:00:00Z — end of the incident
-- parameter: who text % — LIKE pattern of the requester or the principal; anonymous callers are `anonymous`
-- parameter: address text 0.0.0.0/0,::/0 — networks, with commas between them
-- column: bucket — the bucket, where there is one
-- column: key_decoded — the decoded key
-- column: version_id — the version, where one was asked for
-- column: requester — the requester where there is one, else the principal; null is anonymous
-- column: remote_ip — the source IP
-- column: authentication_type — how it was signed; QueryString is a link, held by somebody else than the requester
-- column: key_id — access key id of a link
-- column: user_agent — one of the agents
-- column: events — requests of the principal that match
-- column: first_seen — time of the first of them
-- column: last_seen — time of the last of them
-- column: object_size — largest size seen
-- column: bytes — bytes sent, or of objects where nothing is sent
-- column: destination — the bucket that it was copied to
-- column: verdict — how much was sent
-- column: request_id — one of the request ids
-- column: evidence — up to three log_file:log_line
-- false positives: Ranges are not logged, so ranges that overlap look complete; sent does not mean received. A record that was delivered twice counts once.
-- cannot tell: Which ranges were sent, and whether they arrived.
-- source: Own

-- A record that was delivered twice is one.
WITH hits AS (
  SELECT r.bucket, r.object, r.version_id, r.requester, r.remote_ip, r.authentication_type, r.operation, r.record, min(r.object_size) AS object_size, min(coalesce(r.bytes_sent, 0)) AS sent, min(r.destination) AS destination,
         min(access_key_id(r.request_uri)) AS key_id, min(r.user_agent) AS user_agent, min(r.request_id) AS request_id, min(r.request_time) AS request_time, min(r.log_file) AS log_file, min(r.log_line) AS log_line
  FROM requests r
  WHERE r.action = 'read' AND r.object IS NOT NULL AND r.request_time BETWEEN $since AND $until
    AND (coalesce(r.requester, 'anonymous') LIKE $who OR r.principal LIKE $who)
    AND ($address = '0.0.0.0/0,::/0' OR ip_in(r.remote_ip, $address))
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
)
SELECT h.bucket, h.object AS key_decoded, h.version_id, h.requester, h.remote_ip, h.authentication_type, h.key_id, min(h.user_agent) AS user_agent,
       count(*) AS events, min(h.request_time) AS first_seen, max(h.request_time) AS last_seen, max(h.object_size) AS object_size,
       sum(CASE WHEN h.operation LIKE 'REST.COPY.%' THEN h.object_size ELSE h.sent END) AS bytes,
       min(CASE WHEN h.operation LIKE 'REST.COPY.%' THEN h.destination END) AS destination,
       CASE WHEN bool_or(h.operation = 'REST.COPY.OBJECT_GET') THEN 'copied by S3' WHEN bool_or(h.operation LIKE 'REST.COPY.%') THEN 'copied by S3 in parts'
            WHEN bool_or(h.sent >= h.object_size) THEN 'whole object in one response'
            WHEN count(DISTINCT h.sent) > 1 AND sum(h.sent) >= max(h.object_size) THEN 'bytes cover the size; ranges unknown'
            ELSE 'part of the object, or the same part again' END AS verdict,
       min(h.request_id) AS request_id, evidence(h.log_file, h.log_line, h.request_time) AS evidence
FROM hits h
GROUP BY h.bucket, h.object, h.version_id, h.requester, h.remote_ip, h.authentication_type, h.key_id
ORDER BY bytes DESC NULLS LAST, h.bucket, key_decoded, h.version_id, h.requester NULLS FIRST, h.remote_ip, h.authentication_type, h.key_id
