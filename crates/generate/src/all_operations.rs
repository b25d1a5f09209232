//! One line of every known operation, so that tests do not only cover the frequent ones.

use std::io;

use fastrand::Rng;

use super::actors::Actor;
use super::buckets::Bucket;
use super::lifecycle;
use super::request::{RequestSpec, begin, outcome};
use super::row::{Row, col};
use super::sink::Sink;

/// Bucket settings: name in operations, methods with known operations (such as `GPD`), and query parameter.
const SETTINGS: [(&str, &str, &str); 26] = [
    ("ACCELERATE", "GP", "accelerate"),
    ("ACL", "GP", "acl"),
    ("ANALYTICS", "GP", "analytics"),
    ("BUCKETPOLICY", "GPD", "policy"),
    ("BUCKETVERSIONS", "G", "versions"),
    ("CORS", "GPD", "cors"),
    ("ENCRYPTION", "GPD", "encryption"),
    ("INTELLIGENT_TIERING", "G", "intelligent-tiering"),
    ("INVENTORY", "GP", "inventory"),
    ("LIFECYCLE", "GPD", "lifecycle"),
    ("LOCATION", "G", "location"),
    ("LOGGING_STATUS", "GP", "logging"),
    ("METRICS", "GPD", "metrics"),
    ("NOTIFICATION", "GP", "notification"),
    ("OBJECT_LOCK_CONFIGURATION", "GP", "object-lock"),
    ("OWNERSHIP_CONTROLS", "GPD", "ownershipControls"),
    ("POLICY_STATUS", "G", "policyStatus"),
    ("PUBLIC_ACCESS_BLOCK", "GPD", "publicAccessBlock"),
    ("REPLICATION", "GPD", "replication"),
    ("REQUEST_PAYMENT", "GP", "requestPayment"),
    ("TAGGING", "GPD", "tagging"),
    ("UPLOADS", "G", "uploads"),
    ("VERSIONING", "GP", "versioning"),
    ("WEBSITE", "GPD", "website"),
    ("BUCKET", "GPD", ""),
    ("MULTI_OBJECT_DELETE", "O", "delete"),
];

/// Object operations in the same form; `H` is HEAD and `O` is POST.
const OBJECTS: [(&str, &str, &str); 10] = [
    ("OBJECT", "GPDHO", ""),
    ("OBJECT_TAGGING", "GPD", "tagging"),
    ("OBJECT_ATTRIBUTES", "G", "attributes"),
    ("OBJECT_LOCK_RETENTION", "GP", "retention"),
    ("OBJECT_LEGAL_HOLD", "GP", "legal-hold"),
    ("ACL", "GP", "acl"),
    ("RESTORE", "O", "restore"),
    ("UPLOADS", "O", "uploads"),
    ("UPLOAD", "GOD", "uploadId=Zm9vYmFy"),
    ("PART", "P", "partNumber=1&uploadId=Zm9vYmFy"),
];

/// S3's own jobs.
const JOBS: [&str; 11] = [
    "S3.EXPIRE.OBJECT",
    "S3.CREATE.DELETEMARKER",
    "S3.DELETE.UPLOAD",
    "S3.TRANSITION.OBJECT",
    "S3.TRANSITION_SIA.OBJECT",
    "S3.TRANSITION_ZIA.OBJECT",
    "S3.TRANSITION_INT.OBJECT",
    "S3.TRANSITION_GIR.OBJECT",
    "S3.TRANSITION_GDA.OBJECT",
    "S3.RESTORE.OBJECT",
    "S3.COMPUTE.OBJECT.CHECKSUM",
];

const OBJECT: &str = "one of each/\"ä\" + 1 = 100%.txt";

/// Makes one row of each.
pub(crate) fn operation(
    rng: &mut Rng,
    bucket: &Bucket,
    actor: &Actor,
    start: i64,
    sink: &mut Sink<'_>,
) -> io::Result<()> {
    let row = &mut Row::new();
    let mut time = start;
    for (table, object) in [(&SETTINGS[..], None), (&OBJECTS[..], Some(OBJECT))] {
        for (resource, methods, query) in table {
            for method in methods.chars().map(method) {
                time += 1;
                let operation = format!("REST.{method}.{resource}");
                begin(
                    rng,
                    row,
                    bucket,
                    actor,
                    time,
                    &RequestSpec { operation: &operation, method, object, query },
                );
                let (status, sent) = if method == "GET" { (200, 512) } else { (204, 0) };
                outcome(rng, row, status, None, sent, object.map(|_| 512));
                sink(rng, row)?;
            }
        }
    }
    for (operation, method) in [
        ("REST.HEAD.BUCKET", "HEAD"),
        ("REST.OPTIONS.PREFLIGHT", "OPTIONS"),
        ("SOAP.ListAllMyBuckets", "POST"),
    ] {
        time += 1;
        begin(rng, row, bucket, actor, time, &RequestSpec { operation, method, object: None, query: "" });
        outcome(rng, row, 200, None, 0, None);
        row.put(col::REFERER, None);
        sink(rng, row)?;
    }
    for job in JOBS {
        time += 1;
        lifecycle::action(rng, row, bucket, time, job, OBJECT, 512);
        sink(rng, row)?;
    }
    Ok(())
}

fn method(letter: char) -> &'static str {
    match letter {
        'G' => "GET",
        'P' => "PUT",
        'D' => "DELETE",
        'H' => "HEAD",
        _ => "POST",
    }
}
