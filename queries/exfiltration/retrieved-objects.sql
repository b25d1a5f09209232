-- title: Objects downloaded or copied away, for breach notification
-- question: Which objects and versions were sent or copied out, whether complete or partial, to whom and over which path?
-- pack: exfiltration
-- kind: report
-- severity: info
-- attack: T1530
-- attack: T1537
-- parameter: since timestamp 1970-01-01T00:00:00Z — start of the incident
-- parameter: until timestamp 2200-01-01T00:00:00Z — end of the incident
-- parameter: who text % — LIKE pattern of the requester or principal; use `anonymous` for anonymous callers
-- parameter: address text 0.0.0.0/0,::/0 — comma-separated networks
-- column: bucket — bucket
-- column: key_decoded — the decoded key
-- column: version_id — the requested version, if any
-- column: requester — the requester if there is only one, otherwise the principal; null for anonymous
-- column: remote_ip — the source IP
-- column: authentication_type — how the request was signed; QueryString is a presigned URL, which someone other than the requester may use
-- column: key_id — access key id that signed the URL
-- column: user_agent — one of the user agents
-- column: events — matching requests of the principal
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: object_size — largest size seen
-- column: bytes — bytes sent, or object size if nothing was sent
-- column: destination — the bucket it was copied to
-- column: verdict — whether the object was sent completely
-- column: request_id — one of the request ids
-- column: evidence — up to three records as log_file:log_line
-- false positives: Ranges are not logged, so overlapping ranges look complete. Sent does not mean received. A record delivered twice counts once.
-- cannot tell: Which ranges were sent, and whether they arrived.
-- source: saltmine

-- A record delivered twice counts once.
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
            WHEN count(DISTINCT h.sent) > 1 AND sum(h.sent) >= max(h.object_size) THEN 'enough bytes for the whole object; ranges unknown'
            ELSE 'part of the object, or the same part several times' END AS verdict,
       min(h.request_id) AS request_id, evidence(h.log_file, h.log_line, h.request_time) AS evidence
FROM hits h
GROUP BY h.bucket, h.object, h.version_id, h.requester, h.remote_ip, h.authentication_type, h.key_id
ORDER BY bytes DESC NULLS LAST, h.bucket, key_decoded, h.version_id, h.requester NULLS FIRST, h.remote_ip, h.authentication_type, h.key_id
