//! Usable secrets: session tokens, signatures, keys and passwords.
//!
//! Query parameters of presigned requests: "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" of
//! the S3 API reference, and "Signing and authenticating REST requests (AWS signature version 2)" of the user guide.

use std::ops::Range;

use super::pseudonyms::Pseudonyms;
use super::replacements::{Replacements, count_scanned, end_of, runs};

/// Parts of names whose values are secret, in lower case without `-`, `_` and `.`.
const SECRET_PARTS: [&str; 6] = ["token", "pass", "secret", "session", "sessid", "apikey"];
/// Suffixes of names whose values are secret. `customerkey` belongs to encryption with client-provided keys.
const ENDS: [&str; 5] = ["signature", "customerkey", "customerkeymd5", "pwd", "jwt"];
/// Full names whose values are secret.
const SECRET_NAMES: [&str; 13] = [
    "sid",
    "code",
    "pw",
    "sig",
    "mfa",
    "xamzmfa",
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "assertion",
    "clientassertion",
    "samlresponse",
];
/// S3 names that would match these, but whose values give no access.
const HARMLESS_NAMES: [&str; 4] = [
    "continuationtoken",
    "nextcontinuationtoken",
    "bypassgovernanceretention",
    "xamzbypassgovernanceretention",
];
/// Prefixes of AWS session tokens: base 64 of a few fixed bytes.
const TOKEN_PREFIXES: [&[u8]; 6] =
    [b"IQoJb3JpZ2lu", b"FwoGZXIvYXdz", b"FQoGZXIvYXdz", b"FQoDYXdz", b"AQoDYXdz", b"AQoEYXdz"];
/// Minimum length of an access key id.
const MIN_KEY_ID_LENGTH: usize = 16;
/// Maximum length of a name to look at, in bytes.
const MAX_NAME_LENGTH: usize = 64;

pub(super) fn find(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms, has_users: bool) {
    by_name(spans, pseudonyms);
    named_by_value(spans, pseudonyms);
    by_shape(spans, pseudonyms);
    user_information(spans, pseudonyms, has_users);
}

/// `name=value` and `name: value`.
fn by_name(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms) {
    let mut at = 0;
    while let Some(separator) = next_separator(spans.decoded.bytes(), at) {
        at = separator + 1;
        let bytes = spans.decoded.bytes();
        let name = name_before(bytes, separator);
        if is_secret(&name, bytes[separator]) && !is_place(bytes, separator) {
            let value = value(spans, separator, &name);
            // A replaced value need not be searched again.
            at = at.max(value.end);
            spans.replace(value, |value| pseudonyms.get("token", value));
        }
    }
}

/// The next `=` or `:` from `from` on.
pub(super) fn next_separator(bytes: &[u8], from: usize) -> Option<usize> {
    let at = end_of(bytes, from, |byte| !matches!(byte, b'=' | b':'));
    (at < bytes.len()).then_some(at)
}

/// The name before a separator, in lower case and without the marks between its words.
pub(super) fn name_before(bytes: &[u8], separator: usize) -> String {
    // A separator never belongs to the text before another separator, so no byte is read twice.
    let before = &bytes[..separator];
    let end = before.iter().rposition(|byte| !is_junk(*byte)).map_or(0, |at| at + 1);
    // `name[0]=` as in web frameworks.
    let end = match before[..end].iter().rposition(|byte| !byte.is_ascii_digit()) {
        Some(open) if before[open] == b'[' => open,
        _ => end,
    };
    count_scanned(separator - end + MAX_NAME_LENGTH);
    let name = before[..end].iter().rev().take_while(|byte| is_name(**byte)).take(MAX_NAME_LENGTH);
    let letters =
        name.filter(|byte| byte.is_ascii_alphanumeric()).map(|byte| char::from(byte.to_ascii_lowercase()));
    let reversed: Vec<char> = letters.collect();
    reversed.into_iter().rev().collect()
}

fn is_secret(name: &str, separator: u8) -> bool {
    // `code: 404` is a status, `?code=…` an OAuth authorization code.
    if HARMLESS_NAMES.contains(&name) || (name == "code" && separator == b':') {
        return false;
    }
    let is_signature = name.contains("xamz") && name.contains("signature");
    is_signature
        || SECRET_NAMES.contains(&name)
        || SECRET_PARTS.iter().any(|part| name.contains(part))
        || ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether the text ends with a log file name, this separator and a line number.
fn is_place(bytes: &[u8], separator: usize) -> bool {
    const ENDS: [&[u8]; 6] = [b".log", b".txt", b".json", b".ndjson", b".gz", b".zst"];
    let line = &bytes[separator + 1..];
    if bytes[separator] != b':' || line.is_empty() || line.len() > 20 || !line.iter().all(u8::is_ascii_digit)
    {
        return false;
    }
    let file = &bytes[..separator];
    // S3's log file names end this way: `-0123456789ABCDEF`.
    let is_of_s3 = file.last_chunk::<17>().is_some_and(|[dash, id @ ..]| {
        *dash == b'-' && id.iter().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte))
    });
    is_of_s3 || ENDS.iter().any(|end| file.ends_with(end))
}

/// The value after a separator, up to a terminator of the same encoding: `%26` ends a value that began with `%3D`,
/// but is part of one that began with `=`.
fn value(spans: &Replacements<'_>, separator: usize, name: &str) -> Range<usize> {
    let decoded = &spans.decoded;
    let (bytes, layers) = (decoded.bytes(), decoded.layers(separator));
    let start = end_of(bytes, separator + 1, |byte| is_junk(byte) || matches!(byte, b'=' | b':'));
    // `Authorization: SCHEME value`; and passwords may contain spaces.
    let has_spaces = ["authorization", "cookie", "pass", "pw"].iter().any(|part| name.contains(part));
    let ends = |at: &usize| {
        let byte = bytes[*at];
        let is_space = byte.is_ascii_whitespace() || byte.is_ascii_control();
        let is_in_value = has_spaces && byte == b' ' && !bytes[*at..].starts_with(b" HTTP/");
        let is_end = matches!(byte, b'&' | b'"') || (is_space && !is_in_value);
        is_end && decoded.layers(*at) <= layers
    };
    let end = (start..bytes.len()).find(ends).unwrap_or(bytes.len());
    count_scanned(end - start + 1);
    // Closing brackets and punctuation are not part of the value.
    let trailing = bytes[start..end].iter().rev().take_while(|byte| b",;)>}]'\\ ".contains(byte));
    start..end - trailing.count()
}

/// `name=X-Amz-Security-Token&value=…`: a form that lists names and values.
fn named_by_value(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms) {
    let mut is_next_secret = false;
    let mut at = 0;
    while let Some(separator) = next_separator(spans.decoded.bytes(), at) {
        at = separator + 1;
        let bytes = spans.decoded.bytes();
        let name = name_before(bytes, separator);
        match name.as_str() {
            "name" | "key" | "field" | "param" | "parameter" => {
                let start = end_of(bytes, at, is_junk);
                let end = end_of(bytes, start, is_name);
                is_next_secret = end - start <= MAX_NAME_LENGTH && is_secret(&name_before(bytes, end), b'=');
                at = at.max(end);
            }
            "value" | "val" | "content" if is_next_secret => {
                let value = value(spans, separator, &name);
                is_next_secret = false;
                at = at.max(value.end);
                spans.replace(value, |value| pseudonyms.get("token", value));
            }
            _ => {}
        }
    }
}

/// Replaces tokens without a name.
pub(super) fn by_shape(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms) {
    let mut done = 0;
    for word in runs(spans.decoded.bytes(), |byte| byte.is_ascii_alphanumeric()) {
        if word.start < done {
            continue;
        }
        let bytes = &spans.decoded.bytes()[word.start..];
        let begins =
            |begin: &&[u8]| bytes.get(..begin.len()).is_some_and(|is| is.eq_ignore_ascii_case(begin));
        // `AWS MIN_KEY_ID_LENGTH:SIGNATURE`, the header of signature version 2.
        let is_key =
            word.len() >= MIN_KEY_ID_LENGTH && (bytes.starts_with(b"AKIA") || bytes.starts_with(b"ASIA"));
        let is_signed = is_key && bytes.get(word.len()) == Some(&b':');
        let is_web_token = bytes.starts_with(b"eyJ");
        if !is_signed && !is_web_token && !TOKEN_PREFIXES.iter().any(begins) {
            continue;
        }
        let from = if is_signed { word.end + 1 } else { word.start };
        let end = end_of(spans.decoded.bytes(), from, is_base64);
        if !is_web_token || end - from > 40 {
            done = end;
            spans.replace(from..end, |value| pseudonyms.get("token", value));
        }
    }
}

/// `https://user:password@host`. A lone `user` is usually a token.
fn user_information(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms, has_users: bool) {
    let starts: Vec<usize> = {
        let three = spans.decoded.bytes().windows(3).enumerate();
        three.filter(|(_, three)| *three == b"://").map(|(at, _)| at + 3).collect()
    };
    for start in starts {
        let bytes = spans.decoded.bytes();
        let is_authority = |byte: u8| byte > b' ' && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'<' | b'>');
        let end = end_of(bytes, start, is_authority);
        let Some(at) = bytes[start..end].iter().rposition(|byte| *byte == b'@').map(|at| start + at) else {
            continue;
        };
        match bytes[start..at].iter().position(|byte| *byte == b':').map(|colon| start + colon) {
            Some(colon) => {
                spans.replace(colon + 1..at, |password| pseudonyms.get("token", password));
                if has_users {
                    spans.replace(start..colon, |user| pseudonyms.get("user", user));
                }
            }
            None => spans.replace(start..at, |token| pseudonyms.get("token", token)),
        }
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'.')
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// Characters that may stand between a name, its separator and its value: from JSON, header lists, frameworks,
/// programs, and the bytes of a no-break space.
fn is_junk(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'\\' | b'[' | b']' | b'*' | b'+' | 0xc2 | 0xa0)
}
