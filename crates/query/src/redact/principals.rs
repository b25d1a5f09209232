//! Identities within text: ARNs, accounts, canonical ids and access key ids.

use std::ops::Range;

use super::pseudonyms::Pseudonyms;
use super::replacements::{Replacements, end_of, runs};
use super::secrets::{name_before, next_separator};

/// Prefixes of IAM's unique ids: "IAM identifiers" in the IAM user guide.
const ID_PREFIXES: [&str; 11] =
    ["AKIA", "ASIA", "AROA", "AIDA", "AGPA", "AIPA", "ANPA", "ANVA", "APKA", "ABIA", "ACCA"];
/// Minimum length of such an id; current ones have 20 characters.
const MIN_ID_LENGTH: usize = 16;
/// Digits of an account.
const ACCOUNT_DIGITS: usize = 12;
/// Maximum length of an ARN's resource to look at, in bytes. IAM's ARNs have at most 2,048 characters.
const MAX_RESOURCE_LENGTH: usize = 2048;
/// Lengths of a canonical user id and of a CloudFront origin access identity.
const CANONICAL_ID_LENGTHS: [usize; 2] = [64, 96];

pub(super) fn find(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms) {
    credentials(spans, pseudonyms);
    ids(spans, pseudonyms);
}

/// Replaces ids that are recognisable by their form alone.
pub(super) fn ids(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms) {
    arns(spans, pseudonyms);
    words(spans, pseudonyms);
    accounts(spans, pseudonyms);
}

fn is_access_key(word: &[u8]) -> bool {
    word.len() >= MIN_ID_LENGTH && ID_PREFIXES.iter().any(|kind| word.starts_with(kind.as_bytes()))
}

/// `X-Amz-Credential=KEY/date/region/s3/aws4_request`, `AWSAccessKeyId=KEY`.
fn credentials(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms) {
    let mut at = 0;
    while let Some(separator) = next_separator(spans.decoded.bytes(), at) {
        at = separator + 1;
        let bytes = spans.decoded.bytes();
        let name = name_before(bytes, separator);
        if name.ends_with("credential") || name.ends_with("accesskeyid") {
            let start = end_of(bytes, at, |byte| matches!(byte, b' ' | b'"' | b'\'' | b'\\'));
            let end = end_of(bytes, start, |byte| {
                !matches!(byte, b'/' | b'&' | b'"' | b'<' | b'>' | b',') && byte > b' '
            });
            at = at.max(end);
            spans.replace(start..end, |id| pseudonyms.get("key", id));
        }
    }
}

/// Replaces the names in IAM and STS ARNs. Accounts in these and other ARNs are found as digits.
fn arns(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms) {
    let bytes = spans.decoded.bytes();
    let starts = bytes.windows(4).enumerate().filter(|(_, four)| four.eq_ignore_ascii_case(b"arn:"));
    let mut found: Vec<(Range<usize>, &str)> = Vec::new();
    for start in starts.map(|(at, _)| at).collect::<Vec<_>>() {
        found.extend(arn(bytes, start));
    }
    for (range, kind) in found {
        spans.replace(range, |name| pseudonyms.name(kind, name));
    }
}

/// The names in the ARN that begins at `start`, with their kinds.
fn arn(bytes: &[u8], start: usize) -> Vec<(Range<usize>, &'static str)> {
    let mut fields = Vec::with_capacity(5);
    let mut at = start;
    while fields.len() < 5 {
        let end = end_of(bytes, at, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'*'));
        if bytes.get(end) != Some(&b':') {
            return Vec::new();
        }
        fields.push(at..end);
        at = end + 1;
    }
    let is = |field: usize, word: &[u8]| bytes[fields[field].clone()].eq_ignore_ascii_case(word);
    if !is(2, b"iam") && !is(2, b"sts") {
        return Vec::new();
    }
    let near = &bytes[..bytes.len().min(at + MAX_RESOURCE_LENGTH)];
    let end = end_of(near, at, |byte| byte.is_ascii_alphanumeric() || b"_+=,.@/:-*~$".contains(&byte));
    let resource = at..end - bytes[at..end].iter().rev().take_while(|byte| b".,:".contains(byte)).count();
    let mut owner = Vec::new();
    let digits = fields[4].clone();
    if !digits.is_empty() && digits.len() != ACCOUNT_DIGITS && !is(4, b"cloudfront") && !is(4, b"aws") {
        owner.push((digits, "account"));
    }
    owner.extend(names(bytes, resource));
    owner
}

fn names(bytes: &[u8], resource: Range<usize>) -> Vec<(Range<usize>, &'static str)> {
    let slash =
        |from: usize| bytes[from..resource.end].iter().position(|byte| *byte == b'/').map(|at| from + at);
    let Some(first) = slash(resource.start) else { return Vec::new() };
    let rest = first + 1..resource.end;
    match bytes[resource.start..first].to_ascii_lowercase().as_slice() {
        b"assumed-role" => match slash(rest.start) {
            Some(second) => vec![(rest.start..second, "role"), (second + 1..rest.end, "session")],
            None => vec![(rest, "role")],
        },
        // A role name is unique; the path before it would reveal it, so both are replaced.
        b"role" => vec![(rest, "role")],
        b"user" if bytes[rest.clone()].starts_with(b"CloudFront") => {
            // `CloudFront Origin Access Identity ID`
            let tail = &bytes[rest.end..];
            let marker = b" Origin Access Identity ";
            if !tail.starts_with(marker) {
                return vec![(rest, "user")];
            }
            let id = rest.end + marker.len();
            vec![(id..end_of(bytes, id, |byte| byte.is_ascii_alphanumeric()), "principal")]
        }
        b"user" | b"federated-user" => vec![(rest, "user")],
        _ => vec![(rest, "principal")],
    }
}

/// Replaces ids that are a single word.
fn words(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms) {
    for word in runs(spans.decoded.bytes(), |byte| byte.is_ascii_alphanumeric()) {
        let bytes = spans.decoded.bytes();
        let text = &bytes[word.clone()];
        if is_access_key(text) {
            // `AROA…:session`, as IAM writes a session's id.
            let session = word.end + 1;
            let end =
                end_of(bytes, session, |byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
            if bytes.get(word.end) == Some(&b':') {
                spans.replace(session..end, |name| pseudonyms.name("session", name));
            }
            spans.replace(word, |id| pseudonyms.get("key", id));
        } else if CANONICAL_ID_LENGTHS.contains(&text.len()) && text.iter().all(u8::is_ascii_hexdigit) {
            spans.replace(word, |id| pseudonyms.get("principal", &id.to_ascii_lowercase()));
        }
    }
}

/// Replaces twelve digits, or three groups of four digits.
fn accounts(spans: &mut Replacements<'_>, pseudonyms: &Pseudonyms) {
    for run in runs(spans.decoded.bytes(), |byte| byte.is_ascii_digit() || byte == b'-') {
        let bytes = &spans.decoded.bytes()[run.clone()];
        let parts: Vec<Range<usize>> = runs(bytes, |byte| byte.is_ascii_digit());
        let mut found: Vec<Range<usize>> =
            parts.iter().filter(|part| part.len() == ACCOUNT_DIGITS).cloned().collect();
        let in_fours = parts.windows(3).filter(|three| {
            let is_joined = three[0].end + 1 == three[1].start && three[1].end + 1 == three[2].start;
            is_joined && three.iter().all(|part| part.len() == ACCOUNT_DIGITS / 3)
        });
        found.extend(in_fours.map(|three| three[0].start..three[2].end));
        for part in found {
            spans.replace(run.start + part.start..run.start + part.end, |digits| {
                let digits: Vec<u8> = digits.iter().copied().filter(u8::is_ascii_digit).collect();
                pseudonyms.get("account", &digits)
            });
        }
    }
}
