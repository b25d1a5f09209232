-- title: S3 Batch Operations jobs
-- question: Which batch jobs ran, on what, and where did they copy to?
-- pack: replication
-- kind: report
-- severity: info
-- attack: T1537
-- column: job — session name, or the S3 operation
-- column: role — role of the job
-- column: bucket — bucket
-- column: operation — operation as logged
-- column: destination — the destination bucket, if the record shows it
-- column: events — requests
-- column: keys — distinct keys
-- column: bytes — size of the objects in bytes
-- column: first_seen — time of the first request
-- column: last_seen — time of the last request
-- column: evidence — up to three records as log_file:log_line
-- false positives: Informational only.
-- cannot tell: Who started a job: CloudTrail has CreateJob.
-- source: AWS documentation on Batch Operations

SELECT coalesce(session_name(r.requester), r.operation) AS job, role_name(r.requester) AS role, r.bucket, r.operation, r.destination, count(DISTINCT r.record) AS events, count(DISTINCT r.object) AS keys,
       sum(coalesce(r.object_size, r.bytes_sent)) AS bytes, min(r.request_time) AS first_seen, max(r.request_time) AS last_seen, evidence(r.log_file, r.log_line, r.request_time) AS evidence
FROM requests r WHERE session_name(r.requester) LIKE 's3-batch-operations%' OR r.operation = 'S3.COMPUTE.OBJECT.CHECKSUM'
GROUP BY 1, 2, 3, 4, 5
ORDER BY first_seen, r.bucket, r.operation, job, r.destination
