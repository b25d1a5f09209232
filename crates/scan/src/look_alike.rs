//! Other kinds of files that lie about in log folders, recognised by how they begin.

use saltmine_format::{Record, is_blank, lines};

/// What a text looks like that is no S3 server access log; `None` where it may be one. A text whose first whole line
/// reads as a record is one, whatever it begins with.
pub(crate) fn guess(text: &[u8]) -> Option<&'static str> {
    if let Some(kind) = MAGIC.iter().find(|(magic, _)| text.starts_with(magic)) {
        return Some(kind.1);
    }
    let first = lines(text).map(|line| line.bytes).find(|line| !is_blank(line))?;
    let first = first.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(first);
    if Record::parse(first).is_ok() {
        return None;
    }
    PATTERNS.iter().find(|(is_like, _)| is_like(first)).map(|(_, kind)| *kind)
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

const PATTERNS: [Pattern; 7] = [
    (|line| line.starts_with(b"#Version:") || line.starts_with(b"#Fields:"), "a CloudFront standard log"),
    (is_load_balancer, "an Elastic Load Balancing access log"),
    (|line| line.starts_with(b"{\"Records\""), "a CloudTrail log"),
    (|line| line.starts_with(b"{") || line.starts_with(b"["), "JSON"),
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
        let cases: [(&[u8], &str); 8] = [
            (b"#Version: 1.0\n#Fields: date time\n", "CloudFront"),
            (b"\n\nhttps 2026-05-01T10:00:00.186641Z app/lb/50dc 192.0.2.1:2817 -", "Load Balancing"),
            (b"{\"Records\":[{\"eventVersion\":", "CloudTrail"),
            (b"{\"request_time\":1}", "JSON"),
            (b"version account-id interface-id srcaddr\n", "VPC"),
            (b"2 123456789010 eni-1235 192.0.2.1", "VPC"),
            (b"192.0.2.1 - frank [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.0\" 200 2326", "Apache"),
            (b"PAR1\x15", "Parquet"),
        ];
        for (text, kind) in cases {
            assert!(guess(text).is_some_and(|guess| guess.contains(kind)), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn logs_and_what_is_unknown_are_let_through() {
        assert_eq!(guess(b""), None);
        assert_eq!(
            guess(b"o b [01/May/2026:10:00:00 +0000] - - R REST.GET.OBJECT k \"GET / HTTP/1.1\""),
            None
        );
        assert_eq!(guess(b"whatever this is\n"), None);
    }
}
