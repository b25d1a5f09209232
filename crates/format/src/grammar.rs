//! The grammar of a line, in nom. It reads every line that can be read, and says what is odd about it; the fast path
//! ([`crate::fast`]) reads the common line and must agree with it.
//!
//! S3 quotes three fields and escapes nothing in them, so a line is read from both ends: the head from the left, the
//! tail from the right, and the quoted fields between them by what must follow each of them. See [`crate::quotes`].

use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_while1};
use nom::character::complete::char;
use nom::combinator::{eof, peek, recognize, verify};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use crate::field::Field;
use crate::quotes;
use crate::record::{Fields, Span, span_of};
use crate::tail::ROLLED_OUT;
use crate::time::{TIME_LEN, is_in_years, parse_time};
use crate::{Anomalies, LineError, LineErrorKind};

/// Parsers take the rest of a line and borrow from it. Errors carry only the place: what was expected is known to
/// who asked.
pub(crate) type Parsed<'a, T = &'a [u8]> = IResult<&'a [u8], T, ()>;

/// One or more bytes up to a space or the end of the line.
pub(crate) fn token(input: &[u8]) -> Parsed<'_> {
    take_while1(|byte| byte != b' ')(input)
}

/// A single space.
pub(crate) fn space(input: &[u8]) -> Parsed<'_, char> {
    char(' ')(input)
}

/// Digits, or `-` for none.
pub(crate) fn digits_or_dash(input: &[u8]) -> Parsed<'_> {
    verify(token, |text: &[u8]| text == b"-" || text.iter().all(u8::is_ascii_digit)).parse(input)
}

/// An HTTP status of three digits, or `-`.
pub(crate) fn status(input: &[u8]) -> Parsed<'_> {
    verify(digits_or_dash, |text: &[u8]| text == b"-" || text.len() == 3).parse(input)
}

/// An S3 error code such as `NoSuchKey`, or `-`. A number is none: it would be a sign of a lost field.
pub(crate) fn error_code(input: &[u8]) -> Parsed<'_> {
    verify(token, is_error_code).parse(input)
}

/// Whether `text`, which is not empty, may be an error code, or is `-`.
pub(crate) fn is_error_code(text: &[u8]) -> bool {
    text == b"-"
        || (text[0].is_ascii_alphabetic()
            && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')))
}

/// What stands between the request-URI and the referer.
pub(crate) struct Outcome<'a> {
    pub(crate) status: &'a [u8],
    pub(crate) error_code: &'a [u8],
    pub(crate) numbers: [&'a [u8]; 4],
}

/// ` status error bytes size total turn-around`, then a space and a quote or a dash, or the end of the line. This is
/// what must follow a request-URI.
pub(crate) fn outcome(input: &[u8]) -> Parsed<'_, Outcome<'_>> {
    let number = || preceded(space, digits_or_dash);
    let follows = peek(alt((eof, recognize((space, alt((char('"'), char('-'))))))));
    let (input, (status, error_code, a, b, c, d)) = terminated(
        (preceded(space, status), preceded(space, error_code), number(), number(), number(), number()),
        follows,
    )
    .parse(input)?;
    Ok((input, Outcome { status, error_code, numbers: [a, b, c, d] }))
}

/// The requester. Only CloudFront's origin access identity holds spaces, in this literal form.
fn requester(input: &[u8]) -> Parsed<'_> {
    let identity = (
        verify(token, |text: &[u8]| text.ends_with(b":user/CloudFront")),
        tag(&b" Origin Access Identity "[..]),
        token,
    );
    alt((recognize(identity), token)).parse(input)
}

/// `[06/Feb/2019:00:00:38 +0000]`; the text inside.
fn time(input: &[u8]) -> Parsed<'_> {
    delimited(char('['), take(TIME_LEN), char(']')).parse(input)
}

/// `REST.GET.OBJECT`, `S3.EXPIRE.OBJECT`, `B2_API.b2_hide_file` and so on: upper-case family, a dot, more. An open set;
/// its shape shows that the fields before it are in their places. S3-compatible servers may not know the operation of a
/// request that they refuse, and write `-`: that is taken where a key and the quote of a request-URI follow.
fn operation(input: &[u8]) -> Parsed<'_> {
    let unknown = terminated(tag(&b"-"[..]), peek((space, token, tag(&b" \""[..]))));
    alt((verify(token, is_operation), unknown)).parse(input)
}

/// Whether `text` has the shape of an operation.
pub(crate) fn is_operation(text: &[u8]) -> bool {
    let Some(dot) = memchr::memchr(b'.', text) else { return false };
    let is_of_family = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    dot >= 2 && text[0].is_ascii_uppercase() && text[..dot].iter().all(is_of_family) && text.len() > dot + 1
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

/// How fields of the head are parted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// By one space, as S3 writes it.
    One,
    /// By one space, and a field may be empty: somebody blanked it out.
    MayBeEmpty,
    /// By any run of spaces.
    Run,
}

/// The first eight fields, of the key its first word. Returns what follows the operation, from the key on, and the length
/// of the key's first word.
fn head<'a>(line: &'a [u8], gap: Gap, out: &mut Fields) -> Result<(&'a [u8], usize), LineError> {
    let mut input = line;
    let mut text = line;
    for field in &Field::ALL[..Field::HEAD] {
        if field.index() > 0 {
            input = part(input, gap).map_err(|_| fault(line, input, *field))?;
        }
        text = input;
        if gap == Gap::MayBeEmpty && input.first() == Some(&b' ') {
            continue;
        }
        let (after, value) = head_field(*field, input).map_err(|_| fault(line, input, *field))?;
        out.set(*field, line, value);
        if *field == Field::RequestTime {
            let time = parse_time(value).ok_or_else(|| fault(line, input, *field))?;
            if !is_in_years(time) {
                return Err(LineError { kind: LineErrorKind::OutOfRange, ..fault(line, input, *field) });
            }
            out.request_time = time;
        }
        input = after;
    }
    Ok((text, text.len() - input.len()))
}

/// What parts two fields.
fn part(input: &[u8], gap: Gap) -> Result<&[u8], nom::Err<()>> {
    let (after, _) = match gap {
        Gap::One | Gap::MayBeEmpty => recognize(space).parse(input)?,
        Gap::Run => take_while1(|byte| byte == b' ')(input)?,
    };
    Ok(after)
}

fn fault(line: &[u8], at: &[u8], field: Field) -> LineError {
    let kind = if at.is_empty() { LineErrorKind::Missing } else { LineErrorKind::Malformed };
    LineError { field, kind, offset: span_of(line, at).start as usize }
}

/// Whether a head with blanked-out fields is one: time and operation must be there.
fn is_complete(out: &Fields) -> bool {
    [Field::RequestTime, Field::Operation].iter().all(|field| !out.spans[field.index()].is_null())
}

/// Reads a line.
///
/// # Errors
/// Where the head cannot be read.
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
    // A space that ends the line may belong to a client's text.
    let is_cut = trimmed.len() < line.len() && may_end_in_client_text(trimmed, out);
    out.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, is_cut);
    Ok(())
}

/// Whether the line's last field may be one that a client fills: the version id in lines of 18 fields, the host header in
/// those of 23. White space after it may be a part of it.
fn may_end_in_client_text(line: &[u8], fields: &Fields) -> bool {
    let is_null = |field: &Field| fields.spans[field.index()].is_null();
    let is_early = fields.request_time < ROLLED_OUT && matches!(line.last(), Some(b'-' | b'"'));
    let has_no_more = fields.extra.is_null() && Field::ALL[Field::TlsVersion.index()..].iter().all(is_null);
    fields.ends_in_client_text(line) || (is_early && has_no_more)
}

/// The line without spaces at its end, which an editor may have left there.
fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte != b' ').map_or(0, |at| at + 1);
    &line[..end]
}

/// At most `N` tokens, how many there are, and what follows them.
type Tokens<'a, const N: usize> = ([&'a [u8]; N], usize, &'a [u8]);

/// Tokens parted by single spaces, the first preceded by one: ` a b c`. `None` where two spaces meet or the first is
/// missing.
pub(crate) fn tokens<const N: usize>(input: &[u8]) -> Option<Tokens<'_, N>> {
    let mut found: [&[u8]; N] = [&[]; N];
    let mut count = 0;
    let mut input = input;
    while count < N && !input.is_empty() {
        let (after, text) = preceded(space, token).parse(input).ok()?;
        found[count] = text;
        count += 1;
        input = after;
    }
    Some((found, count, input))
}
