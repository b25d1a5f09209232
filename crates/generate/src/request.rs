//! Rows of single requests: the common parts of all operations.

use std::fmt::Write;

use fastrand::Rng;

use super::actors::Actor;
use super::buckets::Bucket;
use super::escape;
use super::random::{log_normal, push_code, push_hex, push_host_id};
use super::row::{Row, clock, col};

/// A request before its outcome.
pub(crate) struct RequestSpec<'a> {
    pub(crate) operation: &'a str,
    pub(crate) method: &'a str,
    /// Name of the object, if any.
    pub(crate) object: Option<&'a str>,
    /// Query string, without `?`.
    pub(crate) query: &'a str,
}

/// Starts a row: principal, bucket, ids, operation, key and request-URI.
pub(crate) fn begin(
    rng: &mut Rng,
    row: &mut Row,
    bucket: &Bucket,
    actor: &Actor,
    time: i64,
    ask: &RequestSpec<'_>,
) {
    row.clear();
    row.time = time;
    row.set(col::OWNER, &bucket.owner);
    row.set(col::BUCKET, &bucket.name);
    actor.fill(row);
    fresh_ids(rng, row);
    row.set(col::OPERATION, ask.operation);
    let key = row.edit(col::KEY);
    match ask.object {
        Some(object) => escape::key(object, ask.operation, key),
        None => row.put(col::KEY, None),
    }
    let uri = row.edit(col::URI);
    let _ = write!(uri, "{} /", ask.method);
    if actor.path_style {
        uri.push_str(&bucket.name);
        if ask.object.is_some() {
            uri.push('/');
        }
    }
    escape::target(ask.object.unwrap_or_default(), uri);
    if !ask.query.is_empty() {
        let _ = write!(uri, "?{}", ask.query);
    }
    uri.push_str(" HTTP/1.1");
}

/// New request and host ids, in the format of the row's time.
pub(crate) fn fresh_ids(rng: &mut Rng, row: &mut Row) {
    const LETTERS_SINCE: i64 = 1_590_000_000;
    let is_hex = row.time < LETTERS_SINCE;
    let id = row.edit(col::REQUEST_ID);
    if is_hex {
        push_hex(rng, id, 16);
        id.make_ascii_uppercase();
    } else {
        push_code(rng, id, 16);
    }
    push_host_id(rng, row.edit(col::HOST_ID));
}

/// An outcome with all its numbers; a `sent` of 0 is written as `-`.
pub(crate) fn outcome(
    rng: &mut Rng,
    row: &mut Row,
    status: i64,
    error: Option<&str>,
    sent: i64,
    size: Option<i64>,
) {
    let turn = log_normal(rng, 18.0, 0.6).max(1.0) as i64;
    let transfer = (sent.max(0) as f64 / log_normal(rng, 60_000.0, 0.7)) as i64;
    let has_turn = status < 300;
    row.number(col::STATUS, Some(status));
    row.put(col::ERROR, error);
    row.number(col::SENT, (sent > 0).then_some(sent));
    row.number(col::SIZE, size);
    row.number(col::TOTAL, Some(turn + transfer + rng.i64(0..4)));
    row.number(col::TURN, has_turn.then_some(turn));
}

/// An outcome with an error document, or without a body for HEAD.
pub(crate) fn refusal(rng: &mut Rng, row: &mut Row, status: i64, error: &str) {
    let is_head = row.get(col::OPERATION).is_some_and(|operation| operation.starts_with("REST.HEAD."));
    let sent = if is_head { 0 } else { rng.i64(230..380) };
    outcome(rng, row, status, (!is_head).then_some(error), sent, None);
}

/// Clears all HTTP fields, for a job of S3 or a second row of a request.
pub(crate) fn without_request(row: &mut Row, bare: bool) {
    for column in [col::URI, col::REFERER, col::AGENT] {
        row.put(column, None);
    }
    row.bare = bare;
}

/// `20260301T120000Z`, as in presigned URLs.
pub(crate) fn compact_time(time: i64) -> String {
    let (year, month, day, hour, minute, second) = clock(time);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// The query of a presigned URL; S3 masks the signature itself.
pub(crate) fn presigned_query(
    rng: &mut Rng,
    region: &str,
    key_id: &str,
    signed_at: i64,
    expires: u32,
) -> String {
    let at = compact_time(signed_at);
    let mut query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={key_id}%2F{}%2F{region}%2Fs3%2Faws4_request&X-Amz-Date={at}&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host",
        &at[..8]
    );
    if key_id.starts_with("ASIA") {
        query.push_str("&X-Amz-Security-Token=IQoJb3JpZ2luX2Vj");
        push_code(rng, &mut query, 160);
    }
    query.push_str("&X-Amz-Signature=XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX");
    query
}
