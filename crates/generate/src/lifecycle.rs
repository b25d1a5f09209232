//! Rows of S3's own jobs: expiry, transitions, aborted uploads, restores, checksums.

use fastrand::Rng;

use super::actors::version_id;
use super::buckets::Bucket;
use super::escape;
use super::random::{build_text, pick, push_hex, push_uuid};
use super::request::{fresh_ids, without_request};
use super::row::{Row, col};

/// Actions of lifecycle rules; frequent ones are listed several times.
const ACTIONS: [&str; 12] = [
    "S3.EXPIRE.OBJECT",
    "S3.EXPIRE.OBJECT",
    "S3.EXPIRE.OBJECT",
    "S3.CREATE.DELETEMARKER",
    "S3.CREATE.DELETEMARKER",
    "S3.TRANSITION_SIA.OBJECT",
    "S3.TRANSITION_ZIA.OBJECT",
    "S3.TRANSITION_INT.OBJECT",
    "S3.TRANSITION_GIR.OBJECT",
    "S3.TRANSITION_GDA.OBJECT",
    "S3.TRANSITION.OBJECT",
    "S3.DELETE.UPLOAD",
];

/// A row of a lifecycle rule, or rarely of a restore or checksum job.
pub(crate) fn event(rng: &mut Rng, row: &mut Row, bucket: &Bucket, time: i64, object: &str, size: i64) {
    let operation = match rng.u8(..40) {
        0 => "S3.RESTORE.OBJECT",
        1 => "S3.COMPUTE.OBJECT.CHECKSUM",
        _ => pick(rng, &ACTIONS),
    };
    action(rng, row, bucket, time, operation, object, size);
}

/// A row of the given action.
pub(crate) fn action(
    rng: &mut Rng,
    row: &mut Row,
    bucket: &Bucket,
    time: i64,
    operation: &str,
    object: &str,
    size: i64,
) {
    row.clear();
    row.time = time;
    row.set(col::OWNER, &bucket.owner);
    row.set(col::BUCKET, &bucket.name);
    fresh_ids(rng, row);
    row.set(col::OPERATION, operation);
    escape::key(object, operation, row.edit(col::KEY));
    let is_checksum = operation == "S3.COMPUTE.OBJECT.CHECKSUM";
    without_request(row, is_checksum);
    if is_checksum {
        row.put(col::HOST_ID, None);
        let job = build_text(|out| push_uuid(rng, out));
        row.set(col::REQUEST_ID, &job);
        return;
    }
    row.set(col::REQUESTER, "AmazonS3");
    row.number(col::SIZE, (operation != "S3.CREATE.DELETEMARKER").then_some(size));
    let id = row.edit(col::HOST_ID);
    push_hex(rng, id, 64);
    if operation == "S3.EXPIRE.OBJECT" {
        let version = version_id(rng);
        row.set(col::VERSION, &version);
    }
}
