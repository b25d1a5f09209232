//! Referer, user agent and the tail behind them.
//!
//! The user agent ends at the last quote that is followed by a valid tail; the first `" "` between them
//! separates the referer from the user agent.

use memchr::{memchr, memchr_iter, memmem, memrchr_iter};

use crate::Anomalies;
use crate::align::{self, begins_as_tail, holds_core};
use crate::field::{Field, Field as F};
use crate::fields::Fields;
use crate::tail::{FIELD_ADDITIONS, LONG_TAILS_SINCE, ROLLOUT_END, ROLLOUT_SETTLED, Tail};

/// Parses ` referer agent tail`. Returns `None`, and sets nothing, if the text has another form.
pub(crate) fn read(line: &[u8], rest: &[u8], out: &mut Fields) -> Option<()> {
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
            let tail = align::read(&quoted[end.at + 1..], out.request_time)?;
            set_text(F::UserAgent, line, &quoted[..end.at], out);
            out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, end.ambiguous);
            tail.set(line, out);
        }
        [b' ', b'-', after @ ..] => align::read(after, out.request_time)?.set(line, out),
        _ => return None,
    }
    Some(())
}

/// The referer is quoted; `quoted` begins after its opening quote. The user agent may be quoted or a bare `-`.
fn quoted_referer(line: &[u8], quoted: &[u8], out: &mut Fields) -> Option<()> {
    let end = close(quoted, out.request_time, true)?;
    let (text, after) = (&quoted[..end.at], &quoted[end.at + 1..]);
    let parting = memmem::find(text, SEPARATOR);
    let of_agent = parting.and_then(|at| Some((at, align::read(after, out.request_time)?)));
    // A referer that looks like two fields, before a bare `-`: accepted only if the tail has a host id.
    let bare = bare_agent(after, out.request_time).filter(|tail| parting.is_none() || tail.has_host_id());
    let has_both = of_agent.is_some_and(|(_, tail)| tail.is_ambiguous()) && bare.is_some();
    let (tail, agent) = match (of_agent, bare) {
        (Some(_), Some(bare)) if has_both && !bare.is_ambiguous() => (bare, None),
        (Some((at, tail)), _) => (tail, Some(at)),
        (None, bare) => (bare?, None),
    };
    if let Some(at) = agent {
        set_text(F::Referer, line, &text[..at], out);
        set_text(F::UserAgent, line, &text[at + SEPARATOR.len()..], out);
        let another = memmem::find(&text[at + 1..], SEPARATOR).is_some();
        out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, another);
    } else {
        set_text(F::Referer, line, text, out);
    }
    out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, end.ambiguous || has_both);
    tail.set(line, out);
    Some(())
}

/// Separates referer and user agent.
pub(crate) const SEPARATOR: &[u8] = b"\" \"";

/// The tail after a bare `-` that stands for the user agent.
fn bare_agent(after: &[u8], request_time: i64) -> Option<Tail<'_>> {
    align::read(after.strip_prefix(b" -")?, request_time)
}

/// Sets a quoted field; a quoted `-` is null, an empty one is empty.
pub(crate) fn set_text(field: Field, line: &[u8], text: &[u8], out: &mut Fields) {
    out.set(field, line, text);
    out.anomalies.insert_if(Anomalies::EMBEDDED_QUOTE, memchr(b'"', text).is_some());
}

/// The quote that ends the quoted fields.
struct ClosingQuote {
    at: usize,
    ambiguous: bool,
}

/// Finds the closing quote in `quoted`: the last quote of the line, if a tail follows it. The host header may
/// contain quotes, and AWS may add quoted fields one day. So if the last quote leaves a shorter tail than
/// lines of that time have, an earlier quote with a complete tail behind it is used.
///
/// Any other quote that could be followed by a tail is a rival: nothing shows whether the user agent or the
/// host header contains it. `may_be_bare`: the user agent may be a bare `-`.
fn close(quoted: &[u8], request_time: i64, may_be_bare: bool) -> Option<ClosingQuote> {
    let mut quotes = memrchr_iter(b'"', quoted);
    let last = quotes.next()?;
    let after = &quoted[last + 1..];
    let bare = || if may_be_bare { bare_agent(after, request_time) } else { None };
    let tail = if after.is_empty() { None } else { align::read(after, request_time).or_else(bare) };
    let mut inner = quotes.filter(|quote| quoted[quote + 1] == b' ');
    // If both are quoted, the separator comes before the quote that ends the user agent.
    let parting =
        if may_be_bare { memmem::find(quoted, SEPARATOR).map(|at| at + SEPARATOR.len()) } else { Some(0) };
    let reads = |quote: &usize, is_tail: &dyn Fn(&[u8]) -> bool| {
        let after = &quoted[quote + 1..];
        (parting.is_some_and(|from| from <= *quote) && is_tail(after))
            || (may_be_bare && after.strip_prefix(b" -").is_some_and(is_tail))
    };
    let begins = |quote: &usize| request_time >= LONG_TAILS_SINCE && reads(quote, &begins_as_tail);
    let usual = if may_be_bare { 2 } else { 0 };
    let has_more = |end: usize| memchr_iter(b'"', &quoted[..end]).count() > usual;
    // The real tail may come after a version id that contains a quote.
    let is_hidden = |end| request_time >= LONG_TAILS_SINCE && has_more(end) && holds_core(&quoted[..end]);
    if let Some(tail) = tail.filter(Tail::has_host_header) {
        let rival = inner.find(begins);
        let at = rival.filter(|_| !tail.has_host_id()).unwrap_or(last);
        // A host id where the version id belongs: a version id with a quote may have pushed it there.
        let is_shifted = tail.has_shifted_host_id() && has_more(last);
        return Some(ClosingQuote { at, ambiguous: rival.is_some() || is_shifted || is_hidden(last) });
    }
    let is_short = after.is_empty() || tail.is_some();
    if is_short && request_time < ROLLOUT_SETTLED {
        return Some(ClosingQuote {
            at: last,
            ambiguous: is_hidden(last) || inner.any(|quote| begins(&quote)),
        });
    }
    let has_host = |after: &[u8]| Tail::plain(after, request_time).is_some_and(|tail| tail.has_host_header());
    let is_whole = |quote: &usize| begins(quote) || reads(quote, &has_host);
    match inner.find(is_whole) {
        Some(at) => {
            let is_rivalled = (is_short && request_time < ROLLOUT_END) || inner.any(|quote| is_whole(&quote));
            Some(ClosingQuote { at, ambiguous: is_rivalled || is_hidden(at) })
        }
        None => {
            // A host header may hide the tail if little follows it.
            let may_hide = request_time < FIELD_ADDITIONS[0] && has_more(last);
            is_short.then_some(ClosingQuote { at: last, ambiguous: may_hide })
        }
    }
}
