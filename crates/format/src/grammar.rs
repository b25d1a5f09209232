//! The grammar of a line, in nom. It parses every line that can be parsed and records its anomalies. The fast
//! path ([`crate::fast`]) parses common lines and must agree with it.
//!
//! S3 quotes three fields and escapes nothing in them. So a line is parsed from both ends: the head from the
//! left, the tail from the right, and the quoted fields between them by what must follow each of them. See
//! [`crate::quotes`].

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_while1};
use nom::character::complete::char;
use nom::combinator::{peek, recognize, verify};
use nom::sequence::{delimited, terminated};

use crate::field::Field;
use crate::fields::{Fields, Span, span_of};
use crate::quotes;
use crate::tail::ROLLOUT_END;
use crate::time::{TIME_LEN, is_valid_time, parse_time};
use crate::tokens::{Parsed, is_operation, space, token};
use crate::{Anomalies, LineError, LineErrorKind};

/// The requester. Only CloudFront's origin access identity contains spaces, in this literal form.
fn requester(input: &[u8]) -> Parsed<'_> {
    let identity = (
        verify(token, |text: &[u8]| text.ends_with(b":user/CloudFront")),
        tag(&b" Origin Access Identity "[..]),
        token,
    );
    alt((recognize(identity), token)).parse(input)
}

/// `[06/Feb/2019:00:00:38 +0000]`; returns the text inside the brackets.
fn time(input: &[u8]) -> Parsed<'_> {
    delimited(char('['), take(TIME_LEN), char(']')).parse(input)
}

/// `REST.GET.OBJECT`, `S3.EXPIRE.OBJECT`, `B2_API.b2_hide_file` and so on: an upper-case family, a dot and
/// more. The set is open, but the shape shows that the fields before it are in their places. S3-compatible
/// servers may not know the operation of a request that they refuse, and write `-`; this is accepted if a key
/// and the opening quote of a request-URI follow.
fn operation(input: &[u8]) -> Parsed<'_> {
    let unknown = terminated(tag(&b"-"[..]), peek((space, token, tag(&b" \""[..]))));
    alt((verify(token, is_operation), unknown)).parse(input)
}

/// The parser of a head field.
fn head_field(field: Field, input: &[u8]) -> Parsed<'_> {
    match field {
        Field::RequestTime => time(input),
        Field::Requester => requester(input),
        Field::Operation => operation(input),
        _ => token(input),
    }
}

/// How the fields of the head are separated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// By one space, as S3 writes it.
    One,
    /// By one space, and fields may be empty because someone blanked them out.
    MayBeEmpty,
    /// By any run of spaces.
    Run,
}

/// Parses the first eight fields, and only the first word of the key. Returns the text from the key on, and
/// the length of the key's first word.
fn head<'a>(line: &'a [u8], gap: Gap, out: &mut Fields) -> Result<(&'a [u8], usize), LineError> {
    let mut input = line;
    let mut text = line;
    for field in &Field::ALL[..Field::HEAD] {
        if field.index() > 0 {
            input = part(input, gap).map_err(|_| line_error(line, input, *field))?;
        }
        text = input;
        if gap == Gap::MayBeEmpty && input.first() == Some(&b' ') {
            continue;
        }
        let (after, value) = head_field(*field, input).map_err(|_| line_error(line, input, *field))?;
        out.set(*field, line, value);
        if *field == Field::RequestTime {
            let time = parse_time(value).ok_or_else(|| line_error(line, input, *field))?;
            if !is_valid_time(time) {
                return Err(LineError { kind: LineErrorKind::OutOfRange, ..line_error(line, input, *field) });
            }
            out.request_time = time;
        }
        input = after;
    }
    Ok((text, text.len() - input.len()))
}

/// Skips the gap between two fields.
fn part(input: &[u8], gap: Gap) -> Result<&[u8], nom::Err<()>> {
    let (after, _) = match gap {
        Gap::One | Gap::MayBeEmpty => recognize(space).parse(input)?,
        Gap::Run => take_while1(|byte| byte == b' ')(input)?,
    };
    Ok(after)
}

fn line_error(line: &[u8], at: &[u8], field: Field) -> LineError {
    let kind = if at.is_empty() { LineErrorKind::Missing } else { LineErrorKind::Malformed };
    LineError { field, kind, offset: span_of(line, at).start as usize }
}

/// Whether a head with blanked-out fields is acceptable: time and operation must be present.
fn is_complete(out: &Fields) -> bool {
    [Field::RequestTime, Field::Operation].iter().all(|field| !out.spans[field.index()].is_null())
}

/// Parses a line.
///
/// # Errors
/// If the head cannot be parsed.
pub(crate) fn read(line: &[u8], out: &mut Fields) -> Result<(), LineError> {
    *out = Fields::EMPTY;
    let trimmed = trim_end(line);
    let (text, word) = match head(trimmed, Gap::One, out) {
        Ok(head) => head,
        Err(first) => {
            let head = [Gap::MayBeEmpty, Gap::Run].into_iter().find_map(|gap| {
                *out = Fields::EMPTY;
                head(trimmed, gap, out).ok().filter(|_| is_complete(out))
            });
            out.anomalies.insert(Anomalies::SPACES);
            head.ok_or(first)?
        }
    };
    out.anomalies.insert_if(Anomalies::SPACES, trimmed.len() < line.len());
    if text.first() == Some(&b'"') {
        out.spans[Field::Key.index()] = Span::NULL;
        quotes::read_without_key(trimmed, text, out);
    } else {
        quotes::read(trimmed, text, word, out);
    }
    // A space at the end of the line may belong to text from the client.
    let is_cut = trimmed.len() < line.len() && may_end_in_client_text(trimmed, out);
    out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, is_cut);
    Ok(())
}

/// Whether the client may have chosen the last field of the line: the version id in lines of 18 fields, the
/// host header in lines of 23. White space after it may belong to it.
fn may_end_in_client_text(line: &[u8], fields: &Fields) -> bool {
    let is_null = |field: &Field| fields.spans[field.index()].is_null();
    let is_early = fields.request_time < ROLLOUT_END && matches!(line.last(), Some(b'-' | b'"'));
    // Dashes after the last known field may belong to the host header too.
    let has_no_more = Field::ALL[Field::TlsVersion.index()..].iter().all(is_null);
    fields.ends_in_client_text(line) || (is_early && has_no_more)
}

/// The line without trailing spaces, which an editor may have left.
fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte != b' ').map_or(0, |at| at + 1);
    &line[..end]
}
