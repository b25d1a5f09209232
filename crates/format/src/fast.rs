//! Fast path for common lines: one pass from left to right, using memchr to find each separator.
//!
//! It accepts a line only if there is exactly one way to parse it and no anomaly: fields separated by one
//! space, three quoted fields (or a bare `-`) without inner quotes, and an unquoted tail whose values look
//! like their fields. It leaves everything else to the grammar, and must agree with the grammar on every line
//! it accepts.

use memchr::memchr;

use crate::Anomalies;
use crate::field::Field;
use crate::fields::{Fields, Span};
use crate::request_uri::version_start;
use crate::tail;
use crate::time::{TIME_LEN, is_valid_time, parse_time};
use crate::tokens::{is_error_code, is_operation};

/// Any number with this many digits fits an `i64`.
const MAX_DIGITS: usize = 18;

/// Parses a line. Returns `None` if it is not a common line; the content of `out` is then meaningless.
#[inline]
pub(crate) fn read(line: &[u8], out: &mut Fields) -> Option<()> {
    let mut cursor = Cursor { line, at: 0 };
    out.extra = Span::NULL;
    out.anomalies = Anomalies::NONE;
    out.micros = 0;
    head(&mut cursor, out)?;
    cursor.quoted_or_dash(Field::RequestUri, out)?;
    cursor.status(out)?;
    cursor.error_code(out)?;
    cursor.number(Field::BytesSent, out)?;
    cursor.number(Field::ObjectSize, out)?;
    cursor.number(Field::TotalTime, out)?;
    cursor.number(Field::TurnAroundTime, out)?;
    cursor.quoted_or_dash(Field::Referer, out)?;
    cursor.quoted_or_dash(Field::UserAgent, out)?;
    tail(&mut cursor, out)
}

fn head(cursor: &mut Cursor<'_>, out: &mut Fields) -> Option<()> {
    cursor.token(Field::BucketOwner, out)?;
    cursor.token(Field::Bucket, out)?;
    cursor.time(out)?;
    cursor.token(Field::RemoteIp, out)?;
    cursor.token(Field::Requester, out)?;
    cursor.token(Field::RequestId, out)?;
    let operation = cursor.token(Field::Operation, out)?;
    if !is_operation(operation) {
        return None;
    }
    let key = cursor.token(Field::Key, out)?;
    (key[0] != b'"').then_some(())
}

/// Parses version_id to source_region: at least up to the host header, as in all lines since March 2019, and
/// no unknown fields. A tail that could be read in another way, according to [`Tail::is_unambiguous`], is
/// left to the grammar.
///
/// [`Tail::is_unambiguous`]: tail::Tail::is_unambiguous
fn tail(cursor: &mut Cursor<'_>, out: &mut Fields) -> Option<()> {
    if memchr(b'"', cursor.rest()).is_some() {
        return None;
    }
    let mut fields = tail::FIELDS.into_iter();
    for field in fields.by_ref() {
        let value = cursor.last_token(field, out)?;
        if !tail::looks_like(field, value) {
            return None;
        }
        if cursor.is_at_end() {
            break;
        }
    }
    if !cursor.is_at_end() {
        return None;
    }
    let left = fields.len();
    if left > tail::FIELDS.len() - tail::MIN_SINCE_2019 {
        return None;
    }
    for field in fields {
        out.spans[field.index()] = Span::NULL;
    }
    let is_null = |field: Field| out.spans[field.index()].is_null();
    let count = tail::FIELDS.len() - left;
    let is_without_tls = is_null(Field::CipherSuite);
    let is_consistent = left > 3 || is_without_tls == is_null(Field::TlsVersion);
    let host = out.spans[Field::HostHeader.index()].slice(cursor.line).unwrap_or_default();
    let may_continue = is_without_tls
        && [Field::HostHeader, Field::AccessPointArn, Field::AclRequired, Field::SourceRegion]
            .into_iter()
            .any(|field| !is_null(field));
    let is_sure =
        is_consistent && !tail::is_host_id(host) && tail::fits_period(count, may_continue, out.request_time);
    is_sure.then_some(())
}

/// Position of the next space. Many values are only a few bytes long, so the first 8 bytes are checked before
/// calling memchr.
#[inline]
fn space(text: &[u8]) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let Some(first) = text.first_chunk::<8>() else { return memchr(b' ', text) };
    // A space becomes a zero byte, and the lowest zero byte gets its high bit set; other bytes can be set
    // only above it.
    let word = u64::from_le_bytes(*first) ^ u64::from_ne_bytes([b' '; 8]);
    let found = word.wrapping_sub(LOW) & !word & HIGH;
    if found == 0 {
        memchr(b' ', &text[8..]).map(|at| at + 8)
    } else {
        Some(found.trailing_zeros() as usize / 8)
    }
}

/// A position in a line: always just after a separator or at the end.
struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn is_at_end(&self) -> bool {
        self.at > self.line.len()
    }

    #[inline]
    fn span(&self, start: usize, end: usize) -> Span {
        if end - start == 1 && self.line[start] == b'-' {
            Span::NULL
        } else {
            Span { start: start as u32, end: end as u32 }
        }
    }

    /// A value and the space after it.
    #[inline]
    fn token(&mut self, field: Field, out: &mut Fields) -> Option<&'a [u8]> {
        let rest = self.rest();
        let length = space(rest)?;
        self.take(field, length, out)
    }

    /// A value and the space after it, or the end of the line.
    #[inline]
    fn last_token(&mut self, field: Field, out: &mut Fields) -> Option<&'a [u8]> {
        let rest = self.rest();
        let length = space(rest).unwrap_or(rest.len());
        self.take(field, length, out)
    }

    #[inline]
    fn take(&mut self, field: Field, length: usize, out: &mut Fields) -> Option<&'a [u8]> {
        if length == 0 {
            return None;
        }
        let (start, end) = (self.at, self.at + length);
        out.spans[field.index()] = self.span(start, end);
        self.at = end + 1;
        Some(&self.line[start..end])
    }

    /// `[time] `
    #[inline]
    fn time(&mut self, out: &mut Fields) -> Option<()> {
        let text = self.rest().get(..TIME_LEN + 3)?;
        if text[0] != b'[' || text[TIME_LEN + 1] != b']' || text[TIME_LEN + 2] != b' ' {
            return None;
        }
        out.request_time = parse_time(&text[1..=TIME_LEN]).filter(|time| is_valid_time(*time))?;
        let start = self.at + 1;
        out.spans[Field::RequestTime.index()] = self.span(start, start + TIME_LEN);
        self.at += TIME_LEN + 3;
        Some(())
    }

    /// `"text" ` or `- `. Refuses text that could be read in more than one way: text outside the request-URI
    /// that ends like a request line, or text that begins like an outcome or a tail.
    #[inline]
    fn quoted_or_dash(&mut self, field: Field, out: &mut Fields) -> Option<()> {
        let rest = self.rest();
        match rest {
            [b'"', quoted @ ..] => {
                let length = memchr(b'"', quoted)?;
                if quoted.get(length + 1) != Some(&b' ') {
                    return None;
                }
                let text = &quoted[..length];
                let is_request_line = text == b"-" || version_start(text).is_some();
                if is_request_line != (field == Field::RequestUri) && text != b"-" {
                    return None;
                }
                if matches!(text, [b' ', b'0'..=b'9' | b'-', ..]) {
                    return None;
                }
                let start = self.at + 1;
                out.spans[field.index()] = self.span(start, start + length);
                self.at = start + length + 2;
            }
            [b'-', b' ', ..] => {
                out.spans[field.index()] = Span::NULL;
                self.at += 2;
            }
            _ => return None,
        }
        Some(())
    }

    #[inline]
    fn status(&mut self, out: &mut Fields) -> Option<()> {
        let text = self.token(Field::HttpStatus, out)?;
        (text == b"-" || (text.len() == 3 && text.iter().all(u8::is_ascii_digit))).then_some(())
    }

    #[inline]
    fn error_code(&mut self, out: &mut Fields) -> Option<()> {
        is_error_code(self.token(Field::ErrorCode, out)?).then_some(())
    }

    #[inline]
    fn number(&mut self, field: Field, out: &mut Fields) -> Option<()> {
        let text = self.token(field, out)?;
        (text == b"-" || (text.len() <= MAX_DIGITS && text.iter().all(u8::is_ascii_digit))).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_space_is_found() {
        // The neighbours of the space, and bytes that differ from it only in the high bit, are placed before
        // and after it.
        for filler in [b'x', 0x1F, 0x21, 0xA0, 0x00, 0xFF] {
            for length in 0..20 {
                for at in 0..length {
                    let mut text = vec![filler; length];
                    assert_eq!(space(&text), None);
                    text[at] = b' ';
                    assert_eq!(space(&text), Some(at), "{text:?}");
                    text[length - 1] = b' ';
                    assert_eq!(space(&text), Some(at), "{text:?}");
                }
            }
        }
    }
}
