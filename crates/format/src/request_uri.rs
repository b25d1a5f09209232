//! Finds where the request-URI begins and ends.
//!
//! A client may have put a quote, or a complete forged outcome, into its request line; what S3 writes after
//! it comes last.

use memchr::{memchr, memchr_iter, memrchr};

use crate::Anomalies;
use crate::align::begins_as_tail;
use crate::field::Field;
use crate::fields::Fields;
use crate::tokens::{Outcome, outcome};

/// Sets the request-URI and marks the line if it contains a quote.
pub(crate) fn set_request_uri(line: &[u8], uri: &[u8], out: &mut Fields) {
    if uri != b"-" {
        out.set(Field::RequestUri, line, uri);
        out.anomalies.insert_if(Anomalies::EMBEDDED_QUOTE, memchr(b'"', uri).is_some());
    }
}

/// How much a text looks like an HTTP request line, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// `METHOD target HTTP/1.1` with no space in the target; or `-`.
    RequestLine,
    /// Ends with the version, but has more or fewer spaces.
    Versioned,
    /// Anything else.
    Other,
}

/// Classifies each prefix of a text that begins with the request-URI.
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

    /// Whether the text begins with a complete request line, a quote and a space: two spliced lines, or a
    /// forged end.
    fn begins_with_request_line(&self) -> bool {
        let words = &self.quoted[..self.third_space];
        self.quoted.starts_with(b"-\" ")
            || words.strip_suffix(b"\"").is_some_and(|uri| self.shape(uri) == Shape::RequestLine)
    }

    /// The shape of `uri`, a prefix of the text.
    pub(crate) fn shape(&self, uri: &[u8]) -> Shape {
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

/// Position of ` HTTP/1.1` or ` HTTP/2` at the end of `uri`.
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

/// The boundary between key and request-URI, and the text after them.
pub(crate) struct Split<'a> {
    /// How much of the text before the request-URI belongs to the key.
    pub(crate) start: usize,
    pub(crate) uri: &'a [u8],
    pub(crate) outcome: Outcome<'a>,
    pub(crate) rest: &'a [u8],
    pub(crate) ambiguous: bool,
}

/// A quote that is followed by a valid outcome.
pub(crate) struct OutcomeQuote<'a> {
    /// Position after the last quote before it that follows a space.
    pub(crate) start: usize,
    pub(crate) at: usize,
    /// The number of spaces between the two.
    spaces: usize,
    pub(crate) outcome: Outcome<'a>,
    pub(crate) rest: &'a [u8],
}

impl OutcomeQuote<'_> {
    /// Whether the text before it is a request line.
    pub(crate) fn ends_request_line(&self, text: &[u8]) -> bool {
        let uri = &text[self.start..self.at];
        uri == b"-" || (self.spaces == 2 && version_start(uri).is_some())
    }
}

/// The quotes in `text` that may end a request-URI. `opened` is a position where one opens without a space
/// before it; 0 if there is none.
pub(crate) fn closes(text: &[u8], opened: usize) -> impl Iterator<Item = OutcomeQuote<'_>> {
    let (mut start, mut spaces, mut seen) = (opened, 0, opened);
    memchr_iter(b'"', text).filter_map(move |at| {
        spaces += memchr_iter(b' ', text.get(seen..at).unwrap_or_default()).count();
        let (from, held) = (start, spaces);
        seen = at;
        if at > 0 && text[at - 1] == b' ' {
            (start, spaces, seen) = (at + 1, 0, at + 1);
        }
        if from == 0 || at < from {
            return None;
        }
        let (rest, outcome) = outcome(&text[at + 1..]).ok()?;
        Some(OutcomeQuote { start: from, at, spaces: held, outcome, rest })
    })
}

/// Splits the text after the first word of the key.
pub(crate) fn split(body: &[u8]) -> Option<Split<'_>> {
    match body {
        [b' ', b'"', quoted @ ..] => quoted_uri(body, quoted),
        [b' ', b'-', after @ ..] => match outcome(after) {
            Ok((rest, outcome)) => Some(bare_uri(body, outcome, rest)),
            Err(_) => split_after_key(body),
        },
        _ => split_after_key(body),
    }
}

/// Splits text whose request-URI opens where it should; `quoted` begins after its quote.
fn quoted_uri<'a>(body: &'a [u8], quoted: &'a [u8]) -> Option<Split<'a>> {
    let shapes = Shapes::new(quoted);
    let opening = body.len() - quoted.len();
    let mut best: Option<(Shape, OutcomeQuote<'a>)> = None;
    let mut rivals = 0;
    let last_quote = memrchr(b'"', body);
    for close in closes(body, 0) {
        let shape = shapes.shape(&body[opening..close.at]);
        let is_better = best.as_ref().is_none_or(|(best, _)| shape < *best);
        let loser = if is_better { best.replace((shape, close)) } else { Some((shape, close)) };
        // Any other closing quote is a rival if the line can continue after it, or if a request line precedes
        // it.
        rivals += loser.map_or(0, |(shape, close)| {
            usize::from(shape != Shape::Other || may_be_outcome(&close, body, last_quote))
        });
    }
    let (shape, close) = best?;
    let is_spliced = shape != Shape::RequestLine && shapes.begins_with_request_line();
    // It contains another opening quote: the key may extend up to it.
    let is_opened_twice = close.start > opening;
    if is_opened_twice && close.ends_request_line(body) && !begins_with_method(quoted) {
        return Some(uri_after_key(close, body));
    }
    Some(Split {
        start: 0,
        uri: &body[opening..close.at],
        outcome: close.outcome,
        rest: close.rest,
        ambiguous: rivals > 0 || is_spliced || is_opened_twice,
    })
}

/// The request-URI is a bare `-`, unless that belongs to the key: a request line with an outcome decides.
fn bare_uri<'a>(body: &'a [u8], outcome: Outcome<'a>, rest: &'a [u8]) -> Split<'a> {
    let mut is_rivalled = false;
    let last_quote = memrchr(b'"', body);
    for close in closes(body, 0).filter(|close| may_be_outcome(close, body, last_quote)) {
        is_rivalled = true;
        if close.at - close.start > 1 && close.ends_request_line(body) {
            return uri_after_key(close, body);
        }
    }
    Split { start: 0, uri: b"-", outcome, rest, ambiguous: is_rivalled }
}

/// The key has more than one word: it ends where a request line opens.
fn split_after_key(body: &[u8]) -> Option<Split<'_>> {
    let mut fallback = None;
    for close in closes(body, 0) {
        if close.ends_request_line(body) {
            return Some(uri_after_key(close, body));
        }
        if fallback.is_none() && begins_with_method(&body[close.start..close.at]) {
            fallback = Some(close);
        }
    }
    fallback.map(|close| uri_after_key(close, body))
}

/// `GET /…`
fn begins_with_method(uri: &[u8]) -> bool {
    let length = uri.iter().take(16).take_while(|byte| byte.is_ascii_uppercase()).count();
    length > 0 && uri[length..].starts_with(b" /")
}

/// A request-URI that follows a key with spaces.
fn uri_after_key<'a>(close: OutcomeQuote<'a>, body: &'a [u8]) -> Split<'a> {
    Split {
        start: close.start - 2,
        uri: &body[close.start..close.at],
        outcome: close.outcome,
        rest: close.rest,
        ambiguous: true,
    }
}

/// Whether this may be the outcome of a client request: it has a status, and referer, user agent and tail may
/// follow.
fn may_be_outcome(close: &OutcomeQuote<'_>, body: &[u8], last_quote: Option<usize>) -> bool {
    let last_quote = last_quote.unwrap_or_default();
    let from = body.len() - close.rest.len();
    let is_followed = match close.rest {
        [b' ', b'"', ..] => last_quote > from + 1,
        [b' ', b'-', b' ', b'"', ..] => last_quote > from + 3,
        [b' ', b'-', b' ', b'-', after @ ..] => begins_as_tail(after),
        _ => false,
    };
    is_followed && close.outcome.status != b"-"
}
