-- title: Missing objects
-- question: Which objects are gone, who deleted or expired them, and who has requested them since?
-- pack: destruction
-- kind: report
-- severity: info
-- parameter: pattern text % — LIKE pattern of the decoded key
-- column: bucket — bucket
-- column: key — the decoded key
-- column: removed_by — last principal to delete it, or lifecycle
-- column: removed_at — when
-- column: permanently_deleted — whether a version was permanently deleted
-- column: failed_requests_since — later requests for it, without success
-- column: last_write — last write before it was gone
-- column: request_id — request id of the delete
-- false positives: S3 reports success for the delete of a key that never existed, so such keys are listed too.
-- source: Questions of operators

WITH gone AS (
  SELECT bucket, object, principal, request_time, action, version_id, request_id,
         row_number() OVER (PARTITION BY bucket, object ORDER BY request_time DESC, record DESC) AS nth
  FROM requests WHERE action IN ('delete', 'expire') AND object LIKE $pattern
),
last AS (SELECT * FROM gone WHERE nth = 1)
SELECT g.bucket, g.object AS key, CASE WHEN g.action = 'expire' THEN 'lifecycle' ELSE g.principal END AS removed_by, g.request_time AS removed_at, g.version_id IS NOT NULL AS permanently_deleted,
       count(*) FILTER (WHERE r.http_status = 404 AND r.request_time > g.request_time) AS failed_requests_since,
       max(r.request_time) FILTER (WHERE r.action = 'write' AND r.request_time < g.request_time) AS last_write, g.request_id
FROM last g LEFT JOIN requests r ON r.bucket = g.bucket AND r.object = g.object
GROUP BY g.bucket, g.object, g.action, g.principal, g.request_time, g.version_id, g.request_id
-- Keys that were written again are not gone.
HAVING count(*) FILTER (WHERE r.action = 'write' AND r.request_time > g.request_time) = 0
ORDER BY removed_at DESC, g.bucket, g.object
