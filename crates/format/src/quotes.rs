//! Where the quoted fields end.
//!
//! Request-URI, referer and user agent are the client's text, and S3 escapes nothing in them: a quote, or a whole
//! forged tail, may stand inside. What a client cannot do is to shorten what S3 writes after its text. So:
//!
//! - the request-URI ends at the first quote after which status, error code and the four numbers read well, and before
//!   which there is a request line (a raw space is illegal in a request target);
//! - the user agent ends at the last quote after which the tail reads well;
//! - referer and user agent part at the first `" "` between them.
//!
//! Where there was more than one way the line is marked. Where there was none, [`crate::misaligned`] fills what is
//! certain. All of it takes time linear in the line's length.

use memchr::memmem;
use memchr::{memchr, memchr_iter, memrchr_iter};

use crate::Anomalies;
use crate::field::{Field, Field as F};
use crate::grammar::{Outcome, outcome};
use crate::misaligned;
use crate::record::{Fields, number};
use crate::tail::{ROLLED_OUT, Tail};

/// Reads what follows the key: nothing, or a space and the rest of the line.
pub(crate) fn read(line: &[u8], body: &[u8], out: &mut Fields) {
    let split = match body {
        [] => return out.anomalies.insert(Anomalies::SHORT),
        [b' ', b'"', quoted @ ..] => request_uri(quoted),
        [b' ', b'-', after @ ..] => outcome(after).ok().map(|(rest, outcome)| UriSplit {
            uri: b"-",
            outcome,
            rest,
            shape: Shape::RequestLine,
            ambiguous: false,
        }),
        _ => None,
    };
    let Some(split) = split else { return misaligned::read(line, body, out) };
    set_request_uri(line, split.uri, out);
    out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, split.ambiguous);
    set_outcome(line, &split.outcome, out);
    if agents(line, split.rest, out).is_none() {
        misaligned::agents(line, split.rest, out);
    }
}

/// Sets the request-URI, and marks it if it holds a quote.
pub(crate) fn set_request_uri(line: &[u8], uri: &[u8], out: &mut Fields) {
    if uri != b"-" {
        out.set(F::RequestUri, line, uri);
        out.anomalies.insert_if(Anomalies::EMBEDDED_QUOTE, memchr(b'"', uri).is_some());
    }
}

fn set_outcome(line: &[u8], outcome: &Outcome<'_>, out: &mut Fields) {
    out.set(F::HttpStatus, line, outcome.status);
    out.set(F::ErrorCode, line, outcome.error_code);
    for (field, text) in NUMBERS.into_iter().zip(outcome.numbers) {
        set_number(field, line, text, out);
    }
}

/// The four numbers, in line order.
pub(crate) const NUMBERS: [Field; 4] = [F::BytesSent, F::ObjectSize, F::TotalTime, F::TurnAroundTime];

/// Sets a number; one that is none or does not fit is null, and marked.
pub(crate) fn set_number(field: Field, line: &[u8], text: &[u8], out: &mut Fields) {
    if text == b"-" || number(text).is_some() {
        out.set(field, line, text);
    } else {
        out.anomalies.insert(Anomalies::BAD_NUMBER);
    }
}

/// How well a text reads as the request line of HTTP, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// `METHOD target HTTP/1.1` with no space in the target; or `-`.
    RequestLine,
    /// Ends with the version, but holds more spaces, or fewer.
    Versioned,
    /// Anything else.
    Other,
}

/// Tells the shape of each prefix of a text that begins with the request-URI.
pub(crate) struct Shapes<'a> {
    quoted: &'a [u8],
    second_space: usize,
    third_space: usize,
}

impl<'a> Shapes<'a> {
    pub(crate) fn new(quoted: &'a [u8]) -> Self {
        let mut spaces = memchr_iter(b' ', quoted).skip(1);
        let second_space = spaces.next().unwrap_or(quoted.len());
        Self { quoted, second_space, third_space: spaces.next().unwrap_or(quoted.len()) }
    }

    /// Whether the text begins with a whole request line, a quote and a space: two lines spliced, or a forged end.
    fn begins_with_request_line(&self) -> bool {
        let words = &self.quoted[..self.third_space];
        self.quoted.starts_with(b"-\" ")
            || words.strip_suffix(b"\"").is_some_and(|uri| self.of(uri) == Shape::RequestLine)
    }

    /// The shape of `uri`, a prefix of the text.
    pub(crate) fn of(&self, uri: &[u8]) -> Shape {
        if uri == b"-" {
            return Shape::RequestLine;
        }
        match version_start(uri) {
            Some(start) if self.second_space == start && self.third_space >= uri.len() => Shape::RequestLine,
            Some(_) => Shape::Versioned,
            None => Shape::Other,
        }
    }
}

/// Where ` HTTP/1.1` or ` HTTP/2` at the end of `uri` begins.
pub(crate) fn version_start(uri: &[u8]) -> Option<usize> {
    match uri {
        [.., b' ', b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Some(uri.len() - 9)
        }
        [.., b' ', b'H', b'T', b'T', b'P', b'/', major] if major.is_ascii_digit() => Some(uri.len() - 7),
        _ => None,
    }
}

struct UriSplit<'a> {
    uri: &'a [u8],
    outcome: Outcome<'a>,
    rest: &'a [u8],
    shape: Shape,
    ambiguous: bool,
}

/// Finds the end of the request-URI. `quoted` begins after its opening quote.
fn request_uri(quoted: &[u8]) -> Option<UriSplit<'_>> {
    let shapes = Shapes::new(quoted);
    let mut best: Option<UriSplit<'_>> = None;
    let mut count = [0_usize; 3];
    for close in memchr_iter(b'"', quoted) {
        let Ok((rest, outcome)) = outcome(&quoted[close + 1..]) else { continue };
        let uri = &quoted[..close];
        let shape = shapes.of(uri);
        count[shape as usize] += 1;
        if best.as_ref().is_none_or(|best| shape < best.shape) {
            best = Some(UriSplit { uri, outcome, rest, shape, ambiguous: false });
        }
    }
    let mut best = best?;
    let rivals = if best.shape == Shape::Other { count[2] } else { count[0] + count[1] };
    best.ambiguous = rivals > 1 || (best.shape != Shape::RequestLine && shapes.begins_with_request_line());
    Some(best)
}

/// Reads ` referer agent tail`. `None`, with nothing set, where that is not what is there.
pub(crate) fn agents(line: &[u8], rest: &[u8], out: &mut Fields) -> Option<()> {
    match rest {
        [] => {
            out.anomalies.insert(Anomalies::SHORT);
            Some(())
        }
        [b' ', b'"', quoted @ ..] => quoted_referer(line, quoted, out),
        [b' ', b'-', after @ ..] => bare_referer(line, after, out),
        _ => None,
    }
}

/// The referer is a bare `-`; `after` is what follows it.
fn bare_referer(line: &[u8], after: &[u8], out: &mut Fields) -> Option<()> {
    match after {
        [] => out.anomalies.insert(Anomalies::SHORT),
        [b' ', b'"', quoted @ ..] => {
            let end = close(quoted, out.request_time, |after| Tail::read(after, out.request_time))?;
            let tail = Tail::read(end.after, out.request_time)?;
            set_text(F::UserAgent, line, end.text, out);
            out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, end.ambiguous);
            tail.set(line, out);
        }
        [b' ', b'-', after @ ..] => Tail::read(after, out.request_time)?.set(line, out),
        _ => return None,
    }
    Some(())
}

/// The referer is quoted; `quoted` begins after its opening quote. The user agent may be quoted or a bare `-`.
fn quoted_referer(line: &[u8], quoted: &[u8], out: &mut Fields) -> Option<()> {
    let end = close(quoted, out.request_time, |after| {
        Tail::read(after, out.request_time).or_else(|| bare_agent(after, out.request_time))
    })?;
    let mut parts = memmem::find_iter(end.text, PARTING).peekable();
    let parting = parts.peek().copied();
    let (tail, agent) = match (parting, Tail::read(end.after, out.request_time)) {
        (Some(at), Some(tail)) => (tail, Some(at)),
        // A referer that looks like two fields, before a bare `-`: only where the whole tail is beyond doubt.
        (Some(_), None) => (bare_agent(end.after, out.request_time).filter(Tail::has_host_id)?, None),
        (None, _) => (bare_agent(end.after, out.request_time)?, None),
    };
    if let Some(at) = agent {
        set_text(F::Referer, line, &end.text[..at], out);
        set_text(F::UserAgent, line, &end.text[at + PARTING.len()..], out);
        let another = memmem::find(&end.text[at + 1..], PARTING).is_some();
        out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, another);
    } else {
        set_text(F::Referer, line, end.text, out);
    }
    out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, end.ambiguous);
    tail.set(line, out);
    Some(())
}

/// What parts referer and user agent.
pub(crate) const PARTING: &[u8] = b"\" \"";

/// The tail where a bare `-` for the user agent stands before it.
fn bare_agent(after: &[u8], request_time: i64) -> Option<Tail<'_>> {
    Tail::read(after.strip_prefix(b" -")?, request_time)
}

/// Sets a quoted field; a quoted `-` is null, an empty one is empty.
pub(crate) fn set_text(field: Field, line: &[u8], text: &[u8], out: &mut Fields) {
    out.set(field, line, text);
    out.anomalies.insert_if(Anomalies::EMBEDDED_QUOTE, memchr(b'"', text).is_some());
}

struct Closed<'a> {
    text: &'a [u8],
    after: &'a [u8],
    ambiguous: bool,
}

/// Finds the last closing quote in `quoted`: the last quote of the line, if what follows is a tail. Fields that AWS
/// adds one day may be quoted too: where the last quote leaves less of a tail than lines of the time have, it is the
/// last quote before it after which there is a whole tail and more.
fn close<'a>(
    quoted: &'a [u8],
    request_time: i64,
    read: impl Fn(&'a [u8]) -> Option<Tail<'a>>,
) -> Option<Closed<'a>> {
    let mut quotes = memrchr_iter(b'"', quoted);
    let last = quotes.next()?;
    let at =
        |quote: usize, ambiguous| Closed { text: &quoted[..quote], after: &quoted[quote + 1..], ambiguous };
    let ends_line = last + 1 == quoted.len();
    let tail = if ends_line { None } else { read(&quoted[last + 1..]) };
    let is_short_tail = ends_line || tail.as_ref().is_some_and(|tail| !tail.has_host_header());
    let settled = if is_short_tail { request_time < ROLLED_OUT } else { tail.is_some() };
    if settled {
        return Some(at(last, false));
    }
    let is_whole = |quote: &usize| {
        quoted[quote + 1] == b' ' && read(&quoted[quote + 1..]).is_some_and(|tail| tail.has_host_header())
    };
    let mut inner = quotes.filter(is_whole);
    match inner.next() {
        Some(quote) => Some(at(quote, inner.next().is_some())),
        None => is_short_tail.then(|| at(last, false)),
    }
}
