//! The unquoted words of a line: single tokens, and the outcome between request-URI and referer.

use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::char;
use nom::combinator::{eof, peek, recognize, verify};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

/// Parsers take the rest of a line and borrow from it. Errors carry only the position: the caller knows what
/// it expected.
pub(crate) type Parsed<'a, T = &'a [u8]> = IResult<&'a [u8], T, ()>;

/// One or more bytes up to a space or the end of the line.
pub(crate) fn token(input: &[u8]) -> Parsed<'_> {
    take_while1(|byte| byte != b' ')(input)
}

/// A single space.
pub(crate) fn space(input: &[u8]) -> Parsed<'_, char> {
    char(' ')(input)
}

/// Digits, or `-` for no value.
pub(crate) fn digits_or_dash(input: &[u8]) -> Parsed<'_> {
    verify(token, |text: &[u8]| text == b"-" || text.iter().all(u8::is_ascii_digit)).parse(input)
}

/// An HTTP status of three digits, or `-`.
pub(crate) fn status(input: &[u8]) -> Parsed<'_> {
    verify(digits_or_dash, |text: &[u8]| text == b"-" || text.len() == 3).parse(input)
}

/// An S3 error code such as `NoSuchKey`, or `-`. A number is not one: it would indicate a lost field.
pub(crate) fn error_code(input: &[u8]) -> Parsed<'_> {
    verify(token, is_error_code).parse(input)
}

/// Whether `text`, which is not empty, may be an error code, or is `-`.
pub(crate) fn is_error_code(text: &[u8]) -> bool {
    text == b"-"
        || (text[0].is_ascii_alphabetic()
            && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')))
}

/// The fields between the request-URI and the referer.
pub(crate) struct Outcome<'a> {
    pub(crate) status: &'a [u8],
    pub(crate) error_code: &'a [u8],
    pub(crate) numbers: [&'a [u8]; 4],
}

/// ` status error bytes size total turn-around`, followed by a space and a quote or a dash, or by the end of
/// the line. This must follow a request-URI.
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

/// Whether `text` has the shape of an operation.
pub(crate) fn is_operation(text: &[u8]) -> bool {
    let Some(dot) = memchr::memchr(b'.', text) else { return false };
    let is_of_family = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    dot >= 2 && text[0].is_ascii_uppercase() && text[..dot].iter().all(is_of_family) && text.len() > dot + 1
}

/// At most `N` tokens, their count, and the text after them.
type Tokens<'a, const N: usize> = ([&'a [u8]; N], usize, &'a [u8]);

/// Tokens separated by single spaces, each preceded by one: ` a b c`. `None` if there are two spaces in a row
/// or the first is missing.
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
