//! What whoever has it can use: session tokens, signatures, keys and passwords.
//!
//! Query parameters of presigned requests: "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" of
//! the S3 API reference, and "Signing and authenticating REST requests (AWS signature version 2)" of the user guide.

use super::Pseudonyms;
use super::spans::{Spans, end_of, runs};

/// Ends of names whose values are secret, without `-`, `_` and `.`, in lower case.
const ENDS: [&str; 15] = [
    "signature",
    "securitytoken",
    "sessiontoken",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "authtoken",
    "bearertoken",
    "secret",
    "secretkey",
    "secretaccesskey",
    "password",
    "apikey",
    "customerkey", // of encryption with keys that the client gives
    "customerkeymd5",
];
/// Whole names whose values are secret.
const WHOLE: [&str; 9] =
    ["token", "sig", "jwt", "pwd", "passwd", "mfa", "xamzmfa", "authorization", "proxyauthorization"];
/// How session tokens of AWS begin: base 64 of a few fixed bytes.
const BEGINS: [&[u8]; 6] =
    [b"IQoJb3JpZ2lu", b"FwoGZXIvYXdz", b"FQoGZXIvYXdz", b"FQoDYXdz", b"AQoDYXdz", b"AQoEYXdz"];
/// Characters of the id of an access key, at least.
const KEY: usize = 16;
/// Longest name that is looked at, in bytes.
const LONGEST_NAME: usize = 64;

pub(super) fn find(spans: &mut Spans<'_>, pseudonyms: &Pseudonyms) {
    for at in 0..spans.decoded.bytes().len() {
        let bytes = spans.decoded.bytes();
        if matches!(bytes[at], b'=' | b':') {
            let name = name_before(bytes, at);
            if is_secret(&name) {
                value(spans, at, &name, pseudonyms);
            }
        }
    }
    by_shape(spans, pseudonyms);
}

/// The name before a separator, in lower case and without the marks between its words.
pub(super) fn name_before(bytes: &[u8], separator: usize) -> String {
    let before = &bytes[..separator];
    let end = before.iter().rposition(|byte| !is_junk(*byte)).map_or(0, |at| at + 1);
    // `name[0]=` of web frameworks.
    let end = match before[..end].iter().rposition(|byte| !byte.is_ascii_digit()) {
        Some(open) if before[open] == b'[' => open,
        _ => end,
    };
    let name = before[..end].iter().rev().take_while(|byte| is_name(**byte)).take(LONGEST_NAME);
    let letters =
        name.filter(|byte| byte.is_ascii_alphanumeric()).map(|byte| char::from(byte.to_ascii_lowercase()));
    let reversed: Vec<char> = letters.collect();
    reversed.into_iter().rev().collect()
}

fn is_secret(name: &str) -> bool {
    let of_amazon = name.contains("xamz") && (name.contains("token") || name.contains("signature"));
    of_amazon || WHOLE.contains(&name) || ENDS.iter().any(|end| name.ends_with(end))
}

/// Replaces what follows a separator, up to what ends a value where the separator stands: `%26` ends one that began with
/// `%3D`, but is part of one that began with `=`.
fn value(spans: &mut Spans<'_>, separator: usize, name: &str, pseudonyms: &Pseudonyms) {
    let decoded = &spans.decoded;
    let (bytes, layers) = (decoded.bytes(), decoded.layers(separator));
    let start = end_of(bytes, separator + 1, |byte| is_junk(byte) || matches!(byte, b'=' | b':'));
    // `Authorization: SCHEME value`
    let has_spaces = name.ends_with("authorization");
    let ends = |at: &usize| {
        let byte = bytes[*at];
        let is_space = byte.is_ascii_whitespace() || byte.is_ascii_control();
        let is_end = matches!(byte, b'&' | b'"' | b'<' | b'>') || (is_space && !(has_spaces && byte == b' '));
        is_end && decoded.layers(*at) <= layers
    };
    let end = (start..bytes.len()).find(ends).unwrap_or(bytes.len());
    // What closes a list or a sentence is not of the value.
    let closes = |byte: &&u8| b",;)}]'\\".contains(byte);
    let trailing = bytes[start..end].iter().rev().take_while(closes);
    let end = end - trailing.count();
    spans.replace(start..end, |value| pseudonyms.of("token", value));
}

/// Tokens that no name tells.
fn by_shape(spans: &mut Spans<'_>, pseudonyms: &Pseudonyms) {
    let is_base64 =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'.');
    for word in runs(spans.decoded.bytes(), |byte| byte.is_ascii_alphanumeric()) {
        let bytes = &spans.decoded.bytes()[word.start..];
        let begins =
            |begin: &&[u8]| bytes.get(..begin.len()).is_some_and(|is| is.eq_ignore_ascii_case(begin));
        // `AWS KEY:SIGNATURE`, the header of signature version 2.
        let is_key = word.len() >= KEY && (bytes.starts_with(b"AKIA") || bytes.starts_with(b"ASIA"));
        let is_signed = is_key && bytes.get(word.len()) == Some(&b':');
        let from = if is_signed { word.end + 1 } else { word.start };
        let end = end_of(spans.decoded.bytes(), from, is_base64);
        let is_web_token = bytes.starts_with(b"eyJ") && end - from > 40;
        if is_signed || is_web_token || BEGINS.iter().any(begins) {
            spans.replace(from..end, |value| pseudonyms.of("token", value));
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// What may stand between a name, its separator and its value: of JSON, of header lists, of frameworks.
fn is_junk(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'\'' | b'\\' | b'[' | b']' | b'*')
}
