//! What access logs cannot tell, in sentences. Sources: the Amazon S3 User Guide, "Logging requests with server access
//! logging" (delivery, its limits) and "Amazon S3 server access log format" (fields).

/// One a paragraph.
pub(super) const LIMITS: &[&str] = &[
    "Delivery is best effort. S3 promises neither that every request is logged, nor when. Most records arrive within \
     hours; some come late, twice, or never. That a request is not in the logs does not prove that it was not made.",
    "Silence has several reasons: nobody asked, logging was off, records were not delivered, or log files are missing \
     from what was read. The table above shows where there is silence, not why. Compare it with the changes of logging \
     settings, with CloudTrail, and with the storage metrics of the bucket.",
    "The logs name credentials, not people. A requester is the user or role whose keys signed the request; whoever held \
     the keys made it. A presigned URL counts as its signer, whoever used it. Who assumed a role, CloudTrail tells.",
    "An address is the last hop that S3 saw: a proxy, a VPN, a NAT gateway or another AWS service may stand between. \
     User agent and referer are whatever the client chose to send.",
    "Request and response bodies are not logged. Bytes sent tell how much left, not what was in it, and a download that \
     broke off counts as far as it came.",
    "Requests that name no existing bucket, or that never reached S3, are not logged; nor is what was done \
     with an object after it left.",
    "Times are those of S3, in whole seconds, UTC. Within one second the order of requests is not known.",
];
