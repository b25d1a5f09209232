//! Malformed lines: copied by hand, truncated, or from exporters that drop a `-` or break a field.
//!
//! Their first eight fields are valid, so they give a row with what is certain: request-URI, status, error
//! code, referer, user agent, recognisable parts of the tail, and the numbers only if there are four.
//! Everything else is null.

use memchr::{memchr_iter, memmem, memrchr_iter};
use nom::IResult;

use crate::Anomalies;
use crate::agents::{self, SEPARATOR, set_text};
use crate::field::Field as F;
use crate::fields::{Fields, NUMBERS, set_number};
use crate::request_uri::{Shapes, set_request_uri};
use crate::tail::{LONG_TAILS_SINCE, by_form};
use crate::tokens::{error_code, status};

/// Parses the text after the key if the usual way failed.
///
/// If an outcome follows a quote anyway (`has_outcome`), no word before it is used as an outcome.
pub(crate) fn read(line: &[u8], body: &[u8], has_outcome: bool, out: &mut Fields) {
    out.anomalies.insert_if(Anomalies::MISALIGNED, has_outcome);
    let (rest, has_uri) = match body {
        [b' ', b'"', quoted @ ..] => match request_uri(quoted) {
            Some((uri, rest)) => {
                set_request_uri(line, uri, out);
                (rest, true)
            }
            None => return out.anomalies.insert(Anomalies::SHORT),
        },
        [b' ', b'-'] => return out.anomalies.insert(Anomalies::SHORT),
        [b' ', b'-', rest @ ..] if rest[0] == b' ' => (rest, !has_outcome),
        _ => {
            out.anomalies.insert(Anomalies::MISALIGNED);
            (body, false)
        }
    };
    outcome_and_agents(line, rest, has_uri, out);
    if has_outcome {
        take(&Fields::EMPTY, out);
    }
}

/// Finds the request-URI by its shape, and the text after its closing quote. `None` if it does not end.
fn request_uri(quoted: &[u8]) -> Option<(&[u8], &[u8])> {
    let shapes = Shapes::new(quoted);
    let ends = || memchr_iter(b'"', quoted).filter(|at| matches!(quoted.get(at + 1), None | Some(b' ')));
    let close = ends().min_by_key(|at| shapes.shape(&quoted[..*at]))?;
    Some((&quoted[..close], &quoted[close + 1..]))
}

/// Parses status, error code and numbers as far as they are recognisable, then the rest of the line.
///
/// Without a request-URI they may be words of a key, so all six and a quote are required, followed by an
/// unambiguous rest.
fn outcome_and_agents(line: &[u8], rest: &[u8], has_uri: bool, out: &mut Fields) {
    let (values, after) = values_before_quote(rest);
    let has_runs = memmem::find(&rest[..offset(rest, after)], b"  ").is_some();
    out.anomalies.insert_if(Anomalies::SPACES, has_runs);
    let is_status = values.first().is_some_and(|value| is_all(status(value)));
    let is_error_code = values.get(1).is_some_and(|value| is_all(error_code(value)));
    let referer = values.get(6).filter(|_| values.len() == 7 && after.first() == Some(&b'"'));
    let is_bare = referer.is_some_and(|referer| *referer == b"-");
    // Some servers do not quote the referer.
    let is_url = |word: &[u8]| memmem::find(word, b"://").is_some() && memchr::memchr(b'"', word).is_none();
    let unquoted = referer.filter(|referer| has_uri && is_status && is_error_code && is_url(referer));
    let whole = values.len() == 6 || is_bare || unquoted.is_some();
    let mut outcome = Fields::EMPTY;
    if is_status {
        outcome.set(F::HttpStatus, line, values[0]);
    }
    if is_error_code && (is_status || whole) {
        outcome.set(F::ErrorCode, line, values[1]);
    }
    if whole && is_error_code {
        outcome.anomalies.insert_if(Anomalies::BAD_NUMBER, !is_status);
        for (field, value) in NUMBERS.into_iter().zip(&values[2..]) {
            set_number(field, line, value, &mut outcome);
        }
    } else if after.is_empty() && values.len() < 6 {
        if has_uri {
            take(&outcome, out);
        }
        return out.anomalies.insert(Anomalies::SHORT);
    } else {
        out.anomalies.insert(Anomalies::MISALIGNED);
    }
    let from = if is_bare { offset(rest, values[6]) } else { offset(rest, after) };
    let agents_at = &rest[from.saturating_sub(1)..];
    let read = match unquoted {
        Some(referer) => {
            out.set(F::Referer, line, referer);
            out.anomalies.insert_if(Anomalies::MISALIGNED, outcome.anomalies.is_empty());
            agents::bare_referer(line, agents_at, out)
        }
        None => agents::read(line, agents_at, out),
    };
    if read.is_none() {
        read_agents(line, agents_at, out);
    }
    let is_sure = read.is_some() && !out.anomalies.contains(Anomalies::AMBIGUOUS_QUOTES);
    if has_uri || (whole && is_sure) {
        take(&outcome, out);
    }
}

/// Copies what was parsed of the outcome.
fn take(outcome: &Fields, out: &mut Fields) {
    for field in [F::HttpStatus, F::ErrorCode].into_iter().chain(NUMBERS) {
        out.spans[field.index()] = outcome.spans[field.index()];
    }
    out.anomalies.insert(outcome.anomalies);
}

fn offset(text: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize).min(text.len())
}

/// Whether a parser consumed all of its input.
fn is_all(parsed: IResult<&[u8], &[u8], ()>) -> bool {
    matches!(parsed, Ok(([], _)))
}

/// At most eight values before the first one that begins with a quote, and the text from that quote on.
fn values_before_quote(rest: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut values = Vec::with_capacity(8);
    for value in rest.split(|byte| *byte == b' ').filter(|value| !value.is_empty()) {
        let at = offset(rest, value);
        if value[0] == b'"' || values.len() == 8 {
            return (values, &rest[at..]);
        }
        values.push(value);
    }
    (values, &rest[rest.len()..])
}

/// Parses referer, user agent and tail of a malformed line.
pub(crate) fn read_agents(line: &[u8], rest: &[u8], out: &mut Fields) {
    out.anomalies.insert(Anomalies::MISALIGNED);
    let Some(first) = memchr::memchr(b'"', rest) else { return tail(line, rest, out) };
    let quoted = &rest[first + 1..];
    let ends_field = |at: &usize| matches!(quoted.get(at + 1), None | Some(b' '));
    let parting = memmem::find(quoted, SEPARATOR);
    let last = memrchr_iter(b'"', quoted).find(ends_field);
    match (parting, last) {
        (Some(at), Some(last)) if last >= at + SEPARATOR.len() => {
            set_text(F::Referer, line, &quoted[..at], out);
            set_text(F::UserAgent, line, &quoted[at + SEPARATOR.len()..last], out);
            tail(line, &quoted[last + 1..], out);
        }
        (Some(at), _) => {
            set_text(F::Referer, line, &quoted[..at], out);
            out.anomalies.insert(Anomalies::SHORT);
        }
        (None, Some(last)) => {
            let field = if first > 1 { F::UserAgent } else { F::Referer };
            set_text(field, line, &quoted[..last], out);
            let after = &quoted[last + 1..];
            out.anomalies.insert_if(Anomalies::SHORT, field == F::Referer && after.len() < 2);
            tail(line, after, out);
        }
        (None, None) => out.anomalies.insert(Anomalies::SHORT),
    }
}

/// Fills the recognisable parts of the tail. Before 2019 it held only the version id, which the client
/// chooses.
fn tail(line: &[u8], tail: &[u8], out: &mut Fields) {
    if out.request_time >= LONG_TAILS_SINCE {
        by_form(line, tail, out);
    }
}
