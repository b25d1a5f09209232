//! The limitations of access logs as evidence. Sources: the Amazon S3 User Guide, "Logging requests with server access
//! logging" (delivery, its limits) and "Amazon S3 server access log format" (fields).

/// One paragraph each.
pub(super) const LIMITS: &[&str] = &[
    "Delivery is best effort. S3 guarantees neither that every request is logged nor when. Most records arrive within \
     hours; some arrive late, twice or never. A request that is not in the logs may still have been made.",
    "A gap has several possible causes: no requests, logging switched off, records not delivered, or log files missing \
     from the input. The table above shows where the gaps are, not why. Compare it with changes of the logging \
     settings, with CloudTrail, and with the storage metrics of the bucket.",
    "The logs name credentials, not people. A requester is the user or role whose keys signed the request; anyone \
     who held the keys could have made it. A presigned URL is attributed to its signer, whoever used it. CloudTrail \
     shows who assumed a role.",
    "A source IP is the last hop that S3 saw: a proxy, a VPN, a NAT gateway or another AWS service may be in \
     between. User agent and referer are whatever the client chose to send.",
    "Request and response bodies are not logged. Bytes sent show how much data left, not what it was; an aborted download \
     counts up to where it stopped.",
    "Requests that name no existing bucket, or that never reached S3, are not logged; nor is what \
     happened to an object after it was downloaded.",
    "Times are those of S3, in whole seconds (UTC). The order of requests within one second is unknown.",
];
