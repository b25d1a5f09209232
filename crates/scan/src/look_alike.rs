//! Other kinds of files that lie about in log folders, recognised by how they begin.

use memchr::memmem;
use saltmine_format::{Record, is_blank, json_start, lines};

/// How much of a line of JSON is looked at before it is told what it is.
const JSON_JUDGED: usize = 64 << 10;

/// What the beginning of a text says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guess {
    /// It may be an S3 server access log. A text whose first whole line reads as a record is one, whatever it begins with.
    Log,
    /// It is something else.
    Other(&'static str),
    /// Too little of its first line is there.
    Open,
}

/// What a text looks like. `is_whole` tells that nothing follows; then it is not [`Guess::Open`].
pub(crate) fn guess(text: &[u8], is_whole: bool) -> Guess {
    if let Some(kind) = MAGIC.iter().find(|(magic, _)| text.starts_with(magic)) {
        return Guess::Other(kind.1);
    }
    let Some(first) = lines(text).find(|line| !is_blank(line.bytes)) else { return Guess::Log };
    let (start, first) = (first.start, first.bytes);
    if let Some(at) = json_start(first) {
        let is_complete = is_whole || start + first.len() < text.len() || first.len() > JSON_JUDGED;
        return guess_json(&first[at..], is_complete);
    }
    let first = first.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(first);
    if Record::parse(first).is_ok() {
        return Guess::Log;
    }
    let pattern = PATTERNS.iter().find(|(is_like, _)| is_like(first));
    pattern.map_or(Guess::Log, |(_, kind)| Guess::Other(kind))
}

/// An object that has none of the names of a log record, broken as it may be, is none.
fn guess_json(object: &[u8], is_complete: bool) -> Guess {
    let has = |name: &str| memmem::find(object, name.as_bytes()).is_some();
    if object.starts_with(b"{\"Records\"") {
        return Guess::Other("a CloudTrail log");
    }
    if ["\"schema_version_id\"", "\"request_time\"", "\"bucket_name\""].into_iter().any(has) {
        return Guess::Log;
    }
    if !is_complete {
        return Guess::Open;
    }
    if has("\"logEvents\"") || has("\\\"request_time\\\"") {
        return Guess::Other("CloudWatch Logs in an envelope; take the messages out of it first");
    }
    Guess::Other("JSON, but no log record a line")
}

const MAGIC: [(&[u8], &str); 8] = [
    (b"PAR1", "a Parquet file"),
    (b"BZh", "a bzip2 file, which is not supported: unpack it first"),
    (b"\xFD7zXZ\0", "an xz file, which is not supported: unpack it first"),
    (b"PK\x03\x04", "a zip archive, which is not supported: unpack it first"),
    (b"\x89PNG", "a picture"),
    (b"\xFF\xD8\xFF", "a picture"),
    (b"\x7FELF", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
];

type Pattern = (fn(&[u8]) -> bool, &'static str);

const PATTERNS: [Pattern; 6] = [
    (|line| line.starts_with(b"#Version:") || line.starts_with(b"#Fields:"), "a CloudFront standard log"),
    (is_load_balancer, "an Elastic Load Balancing access log"),
    (|line| line.starts_with(b"["), "JSON, but no log record a line"),
    (is_flow_log, "a VPC flow log"),
    (is_combined, "an Apache or nginx access log"),
    (|line| line.get(257..262) == Some(b"ustar"), "a tar archive, which is not supported: unpack it first"),
];

/// `http 2018-07-02T22:23:00.186641Z app/…`
fn is_load_balancer(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    let kind = words.next().unwrap_or_default();
    let time = words.next().unwrap_or_default();
    matches!(kind, b"http" | b"https" | b"h2" | b"grpcs" | b"ws" | b"wss" | b"tls")
        && time.len() > 20
        && time[..4].iter().all(u8::is_ascii_digit)
        && time[4] == b'-'
}

/// `version account-id interface-id …` or `2 123456789010 eni-… …`
fn is_flow_log(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    line.starts_with(b"version account-id") || words.nth(2).is_some_and(|word| word.starts_with(b"eni-"))
}

/// `192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326`
fn is_combined(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.splitn(6, |byte| *byte == b' ').collect();
    words.len() == 6
        && words[0].iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'))
        && words[0].iter().any(|byte| matches!(byte, b'.' | b':'))
        && words[3].starts_with(b"[")
        && words[4].ends_with(b"]")
        && words[5].starts_with(b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_named() {
        let cases: [(&[u8], &str); 13] = [
            (b"#Version: 1.0\n#Fields: date time\n", "CloudFront"),
            (b"\n\nhttps 2026-05-01T10:00:00.186641Z app/lb/50dc 192.0.2.1:2817 -", "Load Balancing"),
            (b"{\"Records\":[{\"eventVersion\":", "CloudTrail"),
            (b"[{\"request_time\":1}]", "JSON"),
            (b"{\n  \"request_time\": 1\n}\n", "JSON"),
            (b" {\"eventVersion\":1}", "JSON"),
            (b"{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[]}", "envelope"),
            (b"{\"timestamp\":1,\"message\":\"{\\\"request_time\\\":1}\"}", "envelope"),
            (b"2026-04-29T14:32:16.000Z {\"level\":\"info\"}\n", "JSON"),
            (b"version account-id interface-id srcaddr\n", "VPC"),
            (b"2 123456789010 eni-1235 192.0.2.1", "VPC"),
            (b"192.0.2.1 - frank [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.0\" 200 2326", "Apache"),
            (b"PAR1\x15", "Parquet"),
        ];
        for (text, kind) in cases {
            let is_named = matches!(guess(text, true), Guess::Other(guess) if guess.contains(kind));
            assert!(is_named, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn logs_and_what_is_unknown_are_let_through() {
        for text in [
            &b""[..],
            b"o b [01/May/2026:10:00:00 +0000] - - R REST.GET.OBJECT k \"GET / HTTP/1.1\"",
            b"whatever this is\n",
            b"{\"schema_version_id\":\"V_1_0\",\"buck",
            b"2026-04-29T14:32:16.000Z {\"bucket_name\":\"b\"}",
        ] {
            assert_eq!(guess(text, true), Guess::Log, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn json_is_judged_by_a_whole_line() {
        let long = format!("{{\"x\":\"{}\"", "y".repeat(JSON_JUDGED));
        let other = Guess::Other("JSON, but no log record a line");
        for (text, is_whole, guessed) in [
            ("{\"eventVer", false, Guess::Open),
            ("{\"eventVer", true, other),
            ("{\"eventVersion\":1}\n", false, other),
            ("{\"Records\":[", false, Guess::Other("a CloudTrail log")),
            ("{\"request_time\"", false, Guess::Log),
            (&long, false, other),
        ] {
            assert_eq!(guess(text.as_bytes(), is_whole), guessed, "{text:.40}");
        }
    }
}
