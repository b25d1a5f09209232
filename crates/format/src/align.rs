//! Alternative readings of a tail: a version id or host header that contains spaces takes more than one word.
//!
//! HTTP allows a space in neither, but the client chooses both and S3 does not quote them. Only the fields
//! that S3 itself writes have a fixed form: the host id between the two; signature version, cipher suite and
//! authentication type after it; TLS version, access point, ACL and region at the end. If these fit in more
//! than one place, or if a field had to take several words, the line is marked as ambiguous.

use crate::field::Field as F;
use crate::fields::span_of;
use crate::tail::{
    KNOWN_FIELDS, LONG_TAILS_SINCE, MIN_SINCE_2019, Tail, fits, fits_period, has_quote, is_host_id,
    is_tls_version, min_fields_after_host,
};

/// Parses ` version_id host_id …` to the end of the line: the result is that of [`Tail::plain`] if no other
/// reading can compete.
///
/// Takes time linear in `after`.
pub(crate) fn read(after: &[u8], request_time: i64) -> Option<Tail<'_>> {
    let plain = Tail::plain(after, request_time);
    if plain.as_ref().is_some_and(|tail| tail.is_unambiguous(request_time)) {
        return plain;
    }
    resolve(after, request_time, plain)
}

/// How the words of a tail are assigned to fields: the version id gets the first `host_id` words, the host
/// header gets the words between the authentication type and the last `after_host` words.
#[derive(Clone, Copy)]
struct Alignment {
    host_id: usize,
    after_host: usize,
    /// The only difference from one word per field is a host header that ends in ` -`.
    dashes: bool,
}

/// Chooses between `plain`, which assigns one word to each field, and other readings of ` version_id host_id
/// …`.
///
/// A host id in the right place decides first, then that no word is left over. Agreement between cipher suite
/// and TLS version only limits the candidates and decides nothing: not every server writes both.
fn resolve<'a>(after: &'a [u8], request_time: i64, plain: Option<Tail<'a>>) -> Option<Tail<'a>> {
    if plain.as_ref().is_some_and(|tail| !tail.has_host_header() && tail.extra().is_none()) {
        return plain;
    }
    let is_too_early = plain.as_ref().is_some_and(|tail| !fits_period(tail.count(), false, request_time));
    let Some(words) = words(after) else {
        // Runs of spaces: only text from a client, or a field that is not known yet, can contain them.
        return plain.map(|tail| if is_too_early || tail.extra().is_some() { tail.marked() } else { tail });
    };
    let others = alignments(&words, request_time);
    let other = others.iter().find(|other| !other.dashes);
    let Some(plain) = plain else {
        let other = other.or_else(|| others.first())?;
        return Some(tail_of(after, &words, *other));
    };
    // The extra token of March 2019 explains the second word.
    let has_token = plain.extra().is_some_and(|extra| span_of(after, extra).end < after.len() as u32);
    let other = other.filter(|_| !has_token);
    // The extra text may be the rest of the line, after a version id that contains a quote.
    let has_another_core =
        words.get(2).is_some_and(|word| holds_core(&after[span_of(after, word).start as usize..]));
    let Some(other) = other else {
        let may_end_in_dashes = !others.is_empty() && words.get(5).is_some_and(|host| *host != b"-");
        let is_of_its_time = fits_period(plain.count(), may_end_in_dashes, request_time);
        let is_in_doubt = is_too_early || !is_of_its_time || (has_another_core && !has_token);
        return Some(if is_in_doubt { plain.marked() } else { plain });
    };
    let is_left_over = plain.extra().is_some();
    let is_proven = other.host_id > 1 && (is_left_over || !plain.has_host_id());
    if is_proven || (is_left_over && plain.count() < KNOWN_FIELDS) {
        Some(tail_of(after, &words, *other))
    } else {
        Some(plain.marked())
    }
}

/// Whether the text after a quote begins like a tail, up to the host header: with an unmistakable host id and
/// no quote before the host header. Looks no further than the next quote.
pub(crate) fn begins_as_tail(after: &[u8]) -> bool {
    let Some(text) = after.strip_prefix(b" ") else { return false };
    let mut window: [&[u8]; 4] = [&[]; 4];
    for (at, word) in text.split(|byte| *byte == b' ').enumerate() {
        if at >= 5 && is_core(&window) {
            return true;
        }
        if word.is_empty() || has_quote(word) {
            return false;
        }
        window.rotate_left(1);
        window[3] = word;
    }
    false
}

/// Whether a text contains an unmistakable host id and the fields that follow it.
pub(crate) fn holds_core(text: &[u8]) -> bool {
    let mut window: [&[u8]; 4] = [&[]; 4];
    text.split(|byte| *byte == b' ').any(|word| {
        window.rotate_left(1);
        window[3] = word;
        is_core(&window)
    })
}

/// Words separated by single spaces; `None` if there are two spaces in a row.
fn words(after: &[u8]) -> Option<Vec<&[u8]>> {
    let words: Vec<&[u8]> = after.strip_prefix(b" ")?.split(|byte| *byte == b' ').collect();
    words.iter().all(|word| !word.is_empty()).then_some(words)
}

/// All readings other than one word per field, best first: the leftmost host id, the shortest host header.
fn alignments(words: &[&[u8]], request_time: i64) -> Vec<Alignment> {
    let mut found = Vec::new();
    if request_time < LONG_TAILS_SINCE {
        return found;
    }
    let least = min_fields_after_host(request_time);
    let quote = words.iter().position(|word| has_quote(word)).unwrap_or(words.len());
    let ends: Vec<usize> =
        (least..=KNOWN_FIELDS - MIN_SINCE_2019).rev().filter(|count| fits_end(words, *count)).collect();
    for host_id in 1..words.len().saturating_sub(4).min(quote.saturating_sub(3)) {
        let Some(core) = words[host_id..].first_chunk::<4>() else { break };
        if !(host_id == 1 || is_host_id(core[0])) || !fits_core(core) {
            continue;
        }
        for after_host in &ends {
            let end = words.len() - after_host;
            let Some(host @ [_, more @ ..]) = words.get(host_id + 4..end) else { continue };
            let is_plain = host_id == 1 && host.len() == 1;
            // Lines without a TLS version are requests without TLS.
            let is_consistent = (core[2] == b"-") == words.get(end).is_none_or(|tls| *tls == b"-");
            if is_plain || !is_consistent {
                continue;
            }
            let dashes = host_id == 1 && more.iter().chain(&words[end..]).all(|word| *word == b"-");
            found.push(Alignment { host_id, after_host: *after_host, dashes });
        }
        if found.len() > MAX_CANDIDATES {
            break;
        }
    }
    found
}

/// More candidates than this change nothing: the line is marked and the first candidate is used.
const MAX_CANDIDATES: usize = 8;

/// Whether the four words are an unmistakable host id and the fields that follow it.
fn is_core(core: &[&[u8]; 4]) -> bool {
    is_host_id(core[0]) && fits_core(core)
}

/// Host id, signature version, cipher suite, authentication type.
fn fits_core(core: &[&[u8]; 4]) -> bool {
    let [_, signature, cipher, authentication] = *core;
    let fields =
        [(F::SignatureVersion, signature), (F::CipherSuite, cipher), (F::AuthenticationType, authentication)];
    fields.into_iter().all(|(field, word)| fits(field, word))
}

/// Whether the last words are TLS version, access point, ACL and region (the first `count` of them) as AWS
/// writes them.
fn fits_end(words: &[&[u8]], count: usize) -> bool {
    let Some(start) = words.len().checked_sub(count) else { return false };
    let fits: [fn(&[u8]) -> bool; 4] =
        [is_tls_version, |word| word.starts_with(b"arn:"), |word| word == b"Yes", is_aws_region];
    words[start..].iter().zip(fits).all(|(word, fits)| *word == b"-" || (fits(word) && !has_quote(word)))
}

/// `us-east-1`, `us-gov-west-1`
fn is_aws_region(word: &[u8]) -> bool {
    let mut parts = word.rsplit(|byte| *byte == b'-');
    let number = parts.next().unwrap_or_default();
    let is_number = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    let mut count = 0;
    is_number
        && parts.all(|part| {
            count += 1;
            !part.is_empty() && part.iter().all(u8::is_ascii_lowercase)
        })
        && count >= 2
}

/// Builds the tail for an alignment.
fn tail_of<'a>(after: &'a [u8], words: &[&'a [u8]], alignment: Alignment) -> Tail<'a> {
    let Alignment { host_id, after_host, .. } = alignment;
    let end = words.len() - after_host;
    let mut values: [&[u8]; KNOWN_FIELDS] = [b"-"; KNOWN_FIELDS];
    values[0] = joined(after, words, 0, host_id);
    values[1..5].copy_from_slice(&words[host_id..host_id + 4]);
    values[5] = joined(after, words, host_id + 4, end);
    values[6..6 + after_host].copy_from_slice(&words[end..]);
    Tail::aligned(&values[..MIN_SINCE_2019 + after_host])
}

/// The text of a range of words, including the spaces between them.
fn joined<'a>(after: &'a [u8], words: &[&'a [u8]], from: usize, to: usize) -> &'a [u8] {
    let start = span_of(after, words[from]).start as usize;
    let end = span_of(after, words[to - 1]).end as usize;
    &after[start..end]
}
