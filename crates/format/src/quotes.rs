//! Finds where the key and the quoted fields end.
//!
//! Request-URI, referer and user agent are text from the client, and S3 escapes nothing in them: a quote, or
//! a complete forged tail, may be inside. AWS documents the key as URL-encoded, but this code does not rely
//! on it. A client cannot shorten what S3 writes after its text. So:
//!
//! - the request-URI ends at the first quote that is followed by a valid status, error code and four numbers,
//!   and preceded by a request line (a raw space is illegal in a request target);
//! - a key with spaces ends at the opening quote of such a request line;
//! - the user agent ends at the last quote that is followed by a valid tail;
//! - the first `" "` between referer and user agent separates them.
//!
//! If there is another way to read the line, it is marked. If there is none, [`crate::misaligned`] fills what
//! is certain. All of this takes time linear in the length of the line.

use crate::field::Field as F;
use crate::fields::{Fields, NUMBERS, Span, set_number};
use crate::request_uri::{closes, set_request_uri, split};
use crate::tokens::Outcome;
use crate::{Anomalies, agents, misaligned};

/// Parses the text after the operation: `text` begins with the key, whose first word has `word` bytes.
pub(crate) fn read(line: &[u8], text: &[u8], word: usize, out: &mut Fields) {
    let body = &text[word..];
    if body.is_empty() {
        return out.anomalies.insert(Anomalies::SHORT);
    }
    let Some(split) = split(body) else {
        let has_outcome = closes(body, 0).next().is_some();
        return misaligned::read(line, body, has_outcome, out);
    };
    if split.start > 0 {
        out.set(F::Key, line, &text[..word + split.start]);
    }
    set_request_uri(line, split.uri, out);
    out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, split.ambiguous);
    set_outcome(line, &split.outcome, out);
    if agents::read(line, split.rest, out).is_none() {
        if split.ambiguous {
            clear_outcome(out);
        }
        misaligned::read_agents(line, split.rest, out);
    }
}

/// Parses the text after the operation if the key begins with a quote. Key and request-URI cannot be
/// separated with certainty, but there may be exactly one place where a request line and an outcome follow.
pub(crate) fn read_without_key(line: &[u8], text: &[u8], out: &mut Fields) {
    out.anomalies.insert(Anomalies::MISALIGNED);
    let mut closes = closes(text, usize::from(text.first() == Some(&b'"')));
    let (Some(close), None) = (closes.next(), closes.next()) else { return };
    if !close.ends_request_line(text) {
        return;
    }
    set_request_uri(line, &text[close.start..close.at], out);
    set_outcome(line, &close.outcome, out);
    if agents::read(line, close.rest, out).is_none() {
        misaligned::read_agents(line, close.rest, out);
    }
}

fn set_outcome(line: &[u8], outcome: &Outcome<'_>, out: &mut Fields) {
    out.set(F::HttpStatus, line, outcome.status);
    out.set(F::ErrorCode, line, outcome.error_code);
    for (field, text) in NUMBERS.into_iter().zip(outcome.numbers) {
        set_number(field, line, text, out);
    }
}

/// Clears the fields that may be forged, from the request-URI to the numbers.
fn clear_outcome(out: &mut Fields) {
    for field in [F::RequestUri, F::HttpStatus, F::ErrorCode].into_iter().chain(NUMBERS) {
        out.spans[field.index()] = Span::NULL;
    }
}
