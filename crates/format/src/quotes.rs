//! Where key and quoted fields end.
//!
//! Request-URI, referer and user agent are the client's text, and S3 escapes nothing in them: a quote, or a whole
//! forged tail, may stand inside. AWS documents the key as URL-encoded; what is read here does not rely on it. A client
//! cannot shorten what S3 writes after its text. So:
//!
//! - the request-URI ends at the first quote after which status, error code and the four numbers read well, and before
//!   which there is a request line (a raw space is illegal in a request target);
//! - a key with spaces ends where the quote of such a request line opens;
//! - the user agent ends at the last quote after which the tail reads well;
//! - referer and user agent part at the first `" "` between them.
//!
//! Where there is another way the line is marked. Where there is none, [`crate::misaligned`] fills what is certain. All
//! of it takes time linear in the line's length.

use memchr::{memchr, memchr_iter, memmem, memrchr, memrchr_iter};

use crate::Anomalies;
use crate::align::{begins_as_tail, holds_core};
use crate::field::{Field, Field as F};
use crate::grammar::{Outcome, outcome};
use crate::misaligned;
use crate::record::{Fields, number};
use crate::tail::{GREW, LONG_TAILS, ROLLED_OUT, SETTLED, Tail};

/// Reads what follows the operation: `text` begins with the key, whose first word has `word` bytes.
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
    if agents(line, split.rest, out).is_none() {
        if split.ambiguous {
            forget_outcome(out);
        }
        misaligned::agents(line, split.rest, out);
    }
}

/// Reads what follows the operation where the key begins with a quote. Key and request-URI cannot be told apart for
/// certain, but there may be a single place where a request line and an outcome follow.
pub(crate) fn read_without_key(line: &[u8], text: &[u8], out: &mut Fields) {
    out.anomalies.insert(Anomalies::MISALIGNED);
    let mut closes = closes(text, usize::from(text.first() == Some(&b'"')));
    let (Some(close), None) = (closes.next(), closes.next()) else { return };
    if !close.ends_request_line(text) {
        return;
    }
    set_request_uri(line, &text[close.start..close.at], out);
    set_outcome(line, &close.outcome, out);
    if agents(line, close.rest, out).is_none() {
        misaligned::agents(line, close.rest, out);
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

/// Takes back what may be forged, from the request-URI to the numbers.
fn forget_outcome(out: &mut Fields) {
    for field in [F::RequestUri, F::HttpStatus, F::ErrorCode].into_iter().chain(NUMBERS) {
        out.spans[field.index()] = crate::Span::NULL;
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

struct Split<'a> {
    /// How much of the text before the request-URI belongs to the key.
    start: usize,
    uri: &'a [u8],
    outcome: Outcome<'a>,
    rest: &'a [u8],
    ambiguous: bool,
}

/// A quote after which an outcome reads well.
struct Close<'a> {
    /// Behind the last quote before it that follows a space.
    start: usize,
    at: usize,
    /// How many spaces stand between the two.
    spaces: usize,
    outcome: Outcome<'a>,
    rest: &'a [u8],
}

impl Close<'_> {
    /// Whether the text before it is a request line.
    fn ends_request_line(&self, text: &[u8]) -> bool {
        let uri = &text[self.start..self.at];
        uri == b"-" || (self.spaces == 2 && version_start(uri).is_some())
    }
}

/// The quotes of `text` that may end a request-URI. `opened` is where one opens without a space before it; 0 for nowhere.
fn closes(text: &[u8], opened: usize) -> impl Iterator<Item = Close<'_>> {
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
        Some(Close { start: from, at, spaces: held, outcome, rest })
    })
}

/// Parts what follows the first word of the key.
fn split(body: &[u8]) -> Option<Split<'_>> {
    match body {
        [b' ', b'"', quoted @ ..] => quoted_uri(body, quoted),
        [b' ', b'-', after @ ..] => match outcome(after) {
            Ok((rest, outcome)) => Some(bare_uri(body, outcome, rest)),
            Err(_) => behind_key(body),
        },
        _ => behind_key(body),
    }
}

/// The request-URI opens where it should; `quoted` begins after its quote.
fn quoted_uri<'a>(body: &'a [u8], quoted: &'a [u8]) -> Option<Split<'a>> {
    let shapes = Shapes::new(quoted);
    let opening = body.len() - quoted.len();
    let mut best: Option<(Shape, Close<'a>)> = None;
    let mut rivals = 0;
    let last_quote = memrchr(b'"', body);
    for close in closes(body, 0) {
        let shape = shapes.of(&body[opening..close.at]);
        let is_better = best.as_ref().is_none_or(|(best, _)| shape < *best);
        let loser = if is_better { best.replace((shape, close)) } else { Some((shape, close)) };
        // Any other close is a rival if the line can go on behind it, or if there is a request line before it.
        rivals += loser.map_or(0, |(shape, close)| {
            usize::from(shape != Shape::Other || may_be_real(&close, body, last_quote))
        });
    }
    let (shape, close) = best?;
    let is_spliced = shape != Shape::RequestLine && shapes.begins_with_request_line();
    // Another opening quote inside of it: the key may go as far.
    let is_opened_twice = close.start > opening;
    if is_opened_twice && close.ends_request_line(body) && !begins_with_method(quoted) {
        return Some(behind(close, body));
    }
    Some(Split {
        start: 0,
        uri: &body[opening..close.at],
        outcome: close.outcome,
        rest: close.rest,
        ambiguous: rivals > 0 || is_spliced || is_opened_twice,
    })
}

/// The request-URI is a bare `-`, unless that is a part of the key: a request line with an outcome decides.
fn bare_uri<'a>(body: &'a [u8], outcome: Outcome<'a>, rest: &'a [u8]) -> Split<'a> {
    let mut is_rivalled = false;
    let last_quote = memrchr(b'"', body);
    for close in closes(body, 0).filter(|close| may_be_real(close, body, last_quote)) {
        is_rivalled = true;
        if close.at - close.start > 1 && close.ends_request_line(body) {
            return behind(close, body);
        }
    }
    Split { start: 0, uri: b"-", outcome, rest, ambiguous: is_rivalled }
}

/// The key has more than one word: what opens a request line ends it.
fn behind_key(body: &[u8]) -> Option<Split<'_>> {
    let mut fallback = None;
    for close in closes(body, 0) {
        if close.ends_request_line(body) {
            return Some(behind(close, body));
        }
        if fallback.is_none() && begins_with_method(&body[close.start..close.at]) {
            fallback = Some(close);
        }
    }
    fallback.map(|close| behind(close, body))
}

/// `GET /…`
fn begins_with_method(uri: &[u8]) -> bool {
    let length = uri.iter().take(16).take_while(|byte| byte.is_ascii_uppercase()).count();
    length > 0 && uri[length..].starts_with(b" /")
}

/// A request-URI behind a key with spaces.
fn behind<'a>(close: Close<'a>, body: &'a [u8]) -> Split<'a> {
    Split {
        start: close.start - 2,
        uri: &body[close.start..close.at],
        outcome: close.outcome,
        rest: close.rest,
        ambiguous: true,
    }
}

/// Whether this may be the outcome of a client's request: it has a status, and referer, user agent and tail may follow.
fn may_be_real(close: &Close<'_>, body: &[u8], last_quote: Option<usize>) -> bool {
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
pub(crate) fn bare_referer(line: &[u8], after: &[u8], out: &mut Fields) -> Option<()> {
    match after {
        [] => out.anomalies.insert(Anomalies::SHORT),
        [b' ', b'"', quoted @ ..] => {
            let end = close(quoted, out.request_time, false)?;
            let tail = Tail::read(&quoted[end.at + 1..], out.request_time)?;
            set_text(F::UserAgent, line, &quoted[..end.at], out);
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
    let end = close(quoted, out.request_time, true)?;
    let (text, after) = (&quoted[..end.at], &quoted[end.at + 1..]);
    let parting = memmem::find(text, PARTING);
    let of_agent = parting.and_then(|at| Some((at, Tail::read(after, out.request_time)?)));
    // A referer that looks like two fields, before a bare `-`: only where the host id tells.
    let bare = bare_agent(after, out.request_time).filter(|tail| parting.is_none() || tail.has_host_id());
    let has_both = of_agent.is_some_and(|(_, tail)| tail.is_ambiguous()) && bare.is_some();
    let (tail, agent) = match (of_agent, bare) {
        (Some(_), Some(bare)) if has_both && !bare.is_ambiguous() => (bare, None),
        (Some((at, tail)), _) => (tail, Some(at)),
        (None, bare) => (bare?, None),
    };
    if let Some(at) = agent {
        set_text(F::Referer, line, &text[..at], out);
        set_text(F::UserAgent, line, &text[at + PARTING.len()..], out);
        let another = memmem::find(&text[at + 1..], PARTING).is_some();
        out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, another);
    } else {
        set_text(F::Referer, line, text, out);
    }
    out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, end.ambiguous || has_both);
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

/// The quote that ends the quoted fields.
struct Closed {
    at: usize,
    ambiguous: bool,
}

/// Finds the last closing quote in `quoted`: the last quote of the line, if what follows is a tail. A host header may
/// hold quotes, and fields that AWS adds one day may be quoted: where the last quote leaves less of a tail than lines of
/// the time have, it is the last quote before it after which there is a whole tail.
///
/// Another quote after which a tail begins is a rival: whether the user agent goes on behind it or the host header
/// does, nothing tells. `may_be_bare`: a bare `-` may stand for the user agent.
fn close(quoted: &[u8], request_time: i64, may_be_bare: bool) -> Option<Closed> {
    let mut quotes = memrchr_iter(b'"', quoted);
    let last = quotes.next()?;
    let after = &quoted[last + 1..];
    let bare = || if may_be_bare { bare_agent(after, request_time) } else { None };
    let tail = if after.is_empty() { None } else { Tail::read(after, request_time).or_else(bare) };
    let mut inner = quotes.filter(|quote| quoted[quote + 1] == b' ');
    // Where both agents are quoted they part before the quote that ends the second.
    let parting =
        if may_be_bare { memmem::find(quoted, PARTING).map(|at| at + PARTING.len()) } else { Some(0) };
    let reads = |quote: &usize, is_tail: &dyn Fn(&[u8]) -> bool| {
        let after = &quoted[quote + 1..];
        (parting.is_some_and(|from| from <= *quote) && is_tail(after))
            || (may_be_bare && after.strip_prefix(b" -").is_some_and(is_tail))
    };
    let begins = |quote: &usize| request_time >= LONG_TAILS && reads(quote, &begins_as_tail);
    let usual = if may_be_bare { 2 } else { 0 };
    let has_more = |end: usize| memchr_iter(b'"', &quoted[..end]).count() > usual;
    // The true tail may stand behind a version id that holds a quote.
    let is_hidden = |end| request_time >= LONG_TAILS && has_more(end) && holds_core(&quoted[..end]);
    if let Some(tail) = tail.filter(Tail::has_host_header) {
        let rival = inner.find(begins);
        let at = rival.filter(|_| !tail.has_host_id()).unwrap_or(last);
        // A host id in the place of the version id: a version id with a quote may have pushed it there.
        let is_shifted = tail.has_shifted_host_id() && has_more(last);
        return Some(Closed { at, ambiguous: rival.is_some() || is_shifted || is_hidden(last) });
    }
    let is_short = after.is_empty() || tail.is_some();
    if is_short && request_time < SETTLED {
        return Some(Closed { at: last, ambiguous: is_hidden(last) || inner.any(|quote| begins(&quote)) });
    }
    let has_host = |after: &[u8]| Tail::plain(after, request_time).is_some_and(|tail| tail.has_host_header());
    let is_whole = |quote: &usize| begins(quote) || reads(quote, &has_host);
    match inner.find(is_whole) {
        Some(at) => {
            let is_rivalled = (is_short && request_time < ROLLED_OUT) || inner.any(|quote| is_whole(&quote));
            Some(Closed { at, ambiguous: is_rivalled || is_hidden(at) })
        }
        None => {
            // A host header may hide the tail, where little follows it.
            let may_hide = request_time < GREW[0] && has_more(last);
            is_short.then_some(Closed { at: last, ambiguous: may_hide })
        }
    }
}
