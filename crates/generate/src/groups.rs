//! Events with several rows: copies, batch deletes, multipart uploads.

use std::io;

use fastrand::Rng;

use super::actors::Actor;
use super::buckets::Bucket;
use super::random::{build_text, push_alphanumeric, skewed};
use super::request::{RequestSpec, begin, outcome, without_request};
use super::row::{Row, col};
use super::sink::Sink;

/// Maximum number of rows of an event.
pub(crate) const MAX_ROWS: usize = 14;

/// One event of an application.
pub(crate) fn event(
    rng: &mut Rng,
    row: &mut Row,
    bucket: &Bucket,
    actor: &Actor,
    time: i64,
    sink: &mut Sink<'_>,
) -> io::Result<usize> {
    match rng.u8(..10) {
        0..5 => {
            let (mut from, mut to) = (String::new(), String::new());
            let size = bucket.object(skewed(rng, bucket.objects()), &mut from);
            bucket.object(rng.u64(1 << 35..1 << 36), &mut to);
            copy(rng, row, bucket, actor, time, (&from, &to, size), sink)
        }
        5..7 => {
            let count = rng.u64(2..MAX_ROWS as u64);
            let keys = (0..count).map(|_| {
                build_text(|out| {
                    bucket.object(rng.u64(1 << 34..1 << 35), out);
                })
            });
            let keys: Vec<String> = keys.collect();
            batch_delete(rng, row, bucket, actor, time, &keys, sink)
        }
        _ => multipart(rng, row, bucket, actor, time, sink),
    }
}

/// A copy: the read of the source, and the write.
pub(crate) fn copy(
    rng: &mut Rng,
    row: &mut Row,
    bucket: &Bucket,
    actor: &Actor,
    time: i64,
    (from, to, size): (&str, &str, i64),
    sink: &mut Sink<'_>,
) -> io::Result<usize> {
    let ask = RequestSpec { operation: "REST.COPY.OBJECT_GET", method: "PUT", object: Some(from), query: "" };
    begin(rng, row, bucket, actor, time, &ask);
    let ids = [col::REQUEST_ID, col::HOST_ID].map(|column| row.get(column).unwrap_or_default().to_owned());
    without_request(row, true);
    row.number(col::STATUS, Some(200));
    row.number(col::SIZE, Some(size));
    sink(rng, row)?;
    let ask = RequestSpec { operation: "REST.COPY.OBJECT", method: "PUT", object: Some(to), query: "" };
    begin(rng, row, bucket, actor, time, &ask);
    row.set(col::REQUEST_ID, &ids[0]);
    row.set(col::HOST_ID, &ids[1]);
    let sent = rng.i64(230..260);
    outcome(rng, row, 200, None, sent, Some(size));
    sink(rng, row)?;
    Ok(2)
}

/// A DeleteObjects call: the call itself, and a row per key with the same ids.
pub(crate) fn batch_delete(
    rng: &mut Rng,
    row: &mut Row,
    bucket: &Bucket,
    actor: &Actor,
    time: i64,
    keys: &[String],
    sink: &mut Sink<'_>,
) -> io::Result<usize> {
    let ask = RequestSpec {
        operation: "REST.POST.MULTI_OBJECT_DELETE",
        method: "POST",
        object: None,
        query: "delete",
    };
    begin(rng, row, bucket, actor, time, &ask);
    let ids = [col::REQUEST_ID, col::HOST_ID].map(|column| row.get(column).unwrap_or_default().to_owned());
    let sent = 60 * keys.len() as i64 + 120;
    outcome(rng, row, 200, None, sent, None);
    sink(rng, row)?;
    for key in keys {
        let ask =
            RequestSpec { operation: "BATCH.DELETE.OBJECT", method: "POST", object: Some(key), query: "" };
        begin(rng, row, bucket, actor, time, &ask);
        row.set(col::REQUEST_ID, &ids[0]);
        row.set(col::HOST_ID, &ids[1]);
        without_request(row, true);
        row.number(col::STATUS, Some(204));
        row.number(col::SIZE, Some(rng.i64(100..4_000_000)));
        sink(rng, row)?;
    }
    Ok(keys.len() + 1)
}

/// A multipart upload: started, its parts, completed or occasionally aborted.
fn multipart(
    rng: &mut Rng,
    row: &mut Row,
    bucket: &Bucket,
    actor: &Actor,
    time: i64,
    sink: &mut Sink<'_>,
) -> io::Result<usize> {
    const PART_BYTES: i64 = 8 << 20;
    let mut object = String::new();
    bucket.object(rng.u64(1 << 36..1 << 37), &mut object);
    let upload = build_text(|out| push_alphanumeric(rng, out, 96));
    let parts = rng.i64(2..10);
    let is_copy = rng.u8(..6) == 0;
    let is_aborted = rng.u8(..25) == 0;
    let mut rows = 0;
    let mut step = |rng: &mut Rng,
                    at: i64,
                    operation: &str,
                    method: &str,
                    query: &str,
                    outcome_of: (i64, i64, Option<i64>)| {
        let ask = RequestSpec { operation, method, object: Some(&object), query };
        begin(rng, row, bucket, actor, time + at, &ask);
        outcome(rng, row, outcome_of.0, None, outcome_of.1, outcome_of.2);
        rows += 1;
        sink(rng, row)
    };
    step(rng, 0, "REST.POST.UPLOADS", "POST", "uploads=", (200, 380, None))?;
    let operation = if is_copy { "REST.COPY.PART" } else { "REST.PUT.PART" };
    for part in 1..=parts {
        let query = format!("partNumber={part}&uploadId={upload}");
        step(rng, part, operation, "PUT", &query, (200, 0, Some(PART_BYTES)))?;
    }
    let query = format!("uploadId={upload}");
    if is_aborted {
        step(rng, parts + 1, "REST.DELETE.UPLOAD", "DELETE", &query, (204, 0, None))?;
    } else {
        step(rng, parts + 1, "REST.POST.UPLOAD", "POST", &query, (200, 470, Some(PART_BYTES * parts)))?;
    }
    Ok(rows)
}
