//! Detects other kinds of files in log folders by their content.
//!
//! A binary file is refused at once. A text file is not: its lines are parsed like any others, and only if
//! none of them is a record is it reported as another format. So no line can hide another one.

use memchr::memmem;
use saltmine_format::{Fields, Record, is_blank, json_start, lines};

/// How much of a line of JSON is examined.
const JSON_PREFIX_BYTES: usize = 64 << 10;

/// How many bytes [`binary`] needs, unless the file is shorter: the header of a tar archive.
pub(crate) const HEADER: usize = 512;

/// The kind of a binary file, by its first bytes, which no log begins with.
pub(crate) fn binary(bytes: &[u8]) -> Option<&'static str> {
    #[cfg(test)]
    EXAMINED.with(|examined| examined.set(examined.get() + bytes.len()));
    let magic = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| *kind);
    // A page header follows, which begins with a control character.
    let is_parquet = || bytes.starts_with(b"PAR1\x15");
    magic
        .or_else(|| is_parquet().then_some("a Parquet file"))
        .or_else(|| is_bzip2(bytes).then_some("a bzip2 file, which is not supported: decompress it first"))
        .or_else(|| is_tar(bytes).then_some("a tar archive, which is not supported: unpack it first"))
}

/// Each magic number contains bytes that do not occur in text.
const MAGIC: [(&[u8], &str); 6] = [
    (b"\xFD7zXZ\0", "an xz file, which is not supported: decompress it first"),
    (b"PK\x03\x04", "a zip archive, which is not supported: unpack it first"),
    (b"\x89PNG", "a picture"),
    (b"\xFF\xD8\xFF", "a picture"),
    (b"\x7FELF", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
];

/// `BZh9`, followed by the digits of pi (a block) or of its square root (the end of the file).
fn is_bzip2(bytes: &[u8]) -> bool {
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else { return false };
    matches!(head, [b'B', b'Z', b'h', b'1'..=b'9'])
        && (rest.starts_with(b"1AY&SY") || rest.starts_with(b"\x17\x72\x45\x38\x50\x90"))
}

/// A header of 512 bytes with `ustar` at its offset, numbers that end in NUL, and a correct checksum.
fn is_tar(bytes: &[u8]) -> bool {
    let Some(header) = bytes.first_chunk::<HEADER>() else { return false };
    let is_octal = |field: &[u8]| field.iter().all(|byte| matches!(byte, b'0'..=b'7' | b' ' | 0));
    let checksum = header[148..156].iter().filter(|byte| byte.is_ascii_digit());
    let expected =
        checksum.fold(0_u32, |sum, digit| sum.wrapping_mul(8).wrapping_add(u32::from(digit - b'0')));
    let counted: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let own: u32 = header[148..156].iter().map(|byte| u32::from(*byte)).sum();
    header[257..262] == *b"ustar"
        && header[100..124].contains(&0)
        && is_octal(&header[100..124])
        && counted - own + 8 * u32::from(b' ') == expected
}

/// The format of a text according to its first line, if no line of it is a record.
pub(crate) fn foreign_text(text: &[u8]) -> Option<&'static str> {
    #[cfg(test)]
    EXAMINED.with(|examined| examined.set(examined.get() + text.len()));
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let first = lines(text).find(|line| !is_blank(line.bytes))?.bytes;
    let kind = match json_start(first) {
        Some(at) => foreign_json(&first[at..])?,
        None => PATTERNS.iter().find(|(is_like, _)| is_like(first))?.1,
    };
    (!holds_record(text)).then_some(kind)
}

/// Whether any line of a text is a record.
pub(crate) fn holds_record(text: &[u8]) -> bool {
    let mut unescaped = String::new();
    let mut fields = Fields::EMPTY;
    lines(text).any(|line| {
        if json_start(line.bytes).is_none() {
            return Record::parse(line.bytes).is_ok();
        }
        unescaped.clear();
        fields.read_json(line.bytes, line.bytes.len() as u32, &mut unescaped).is_ok()
    })
}

/// A JSON object without any member name of a log record, however malformed, is something else.
fn foreign_json(object: &[u8]) -> Option<&'static str> {
    let object = &object[..object.len().min(JSON_PREFIX_BYTES)];
    let has = |name: &str| memmem::find(object, name.as_bytes()).is_some();
    if object.starts_with(b"{\"Records\"") {
        return Some("a CloudTrail log");
    }
    if has("\"noobaa_bucket_logging\"") {
        return Some("NooBaa bucket logging (JSON), whose records have no time");
    }
    if ["\"schema_version_id\"", "\"request_time\"", "\"bucket_name\""].into_iter().any(has) {
        return None;
    }
    if has("\"logEvents\"") || has("\\\"request_time\\\"") {
        return Some("a CloudWatch Logs envelope; extract its messages first");
    }
    Some("JSON without one log record per line")
}

type Pattern = (fn(&[u8]) -> bool, &'static str);

const PATTERNS: [Pattern; 6] = [
    (|line| line.starts_with(b"#Version:") || line.starts_with(b"#Fields:"), "a CloudFront standard log"),
    (is_load_balancer, "an Elastic Load Balancing access log"),
    (|line| line.starts_with(b"["), "JSON without one log record per line"),
    (is_flow_log, "a VPC flow log"),
    (is_combined, "an Apache or nginx access log"),
    (is_ceph_journal, "Ceph RGW journal records, which have no caller, address or status"),
];

/// `testid fish [06/May/2026:05:00:01 +0000] REST.PUT.OBJECT key 8388608 - etag`: it has the operation in
/// place of the address.
fn is_ceph_journal(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.splitn(6, |byte| *byte == b' ').collect();
    words.len() == 6
        && words[2].starts_with(b"[")
        && words[3].ends_with(b"]")
        && words[4].starts_with(b"REST.")
}

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
thread_local! {
    /// How many bytes were examined.
    pub(crate) static EXAMINED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const RECORD: &str = "o b [01/May/2026:10:00:00 +0000] - - R REST.GET.OBJECT k \"GET / HTTP/1.1\"";

    #[test]
    fn other_formats_are_named() {
        let cases: [(&[u8], &str); 14] = [
            (b"#Version: 1.0\n#Fields: date time\n", "CloudFront"),
            (b"\n\nhttps 2026-05-01T10:00:00.186641Z app/lb/50dc 192.0.2.1:2817 -", "Load Balancing"),
            (b"{\"Records\":[{\"eventVersion\":", "CloudTrail"),
            (b"[{\"request_time\":1}]", "JSON"),
            (b"{\n  \"request_time\": 1\n}\n", "JSON"),
            (b" {\"eventVersion\":1}", "JSON"),
            (b"{\"op\":\"REST.GET.OBJECT\",\"http_status\":200,\"noobaa_bucket_logging\":true}", "NooBaa"),
            (b"{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[]}", "envelope"),
            (b"{\"timestamp\":1,\"message\":\"{\\\"request_time\\\":1}\"}", "envelope"),
            (b"2026-04-29T14:32:16.000Z {\"level\":\"info\"}\n", "JSON"),
            (b"version account-id interface-id srcaddr\n", "VPC"),
            (b"2 123456789010 eni-1235 192.0.2.1", "VPC"),
            (b"192.0.2.1 - frank [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.0\" 200 2326", "Apache"),
            (
                b"u fish [06/May/2026:05:00:01 +0000] REST.PUT.OBJECT a b.tif 8388608 - 5f4d",
                "Ceph RGW journal",
            ),
        ];
        for (text, kind) in cases {
            let named = foreign_text(text);
            assert!(named.is_some_and(|named| named.contains(kind)), "{}: {named:?}", text.escape_ascii());
            // One record among the lines makes the file a log.
            let mixed = [text, b"\n", RECORD.as_bytes(), b"\n"].concat();
            assert_eq!(foreign_text(&mixed), None, "{}", mixed.escape_ascii());
        }
    }

    #[test]
    fn logs_and_unknown_texts_are_not_named() {
        let texts = ["", RECORD, "whatever this is\n", "{\"schema_version_id\":\"V_1_0\",\"buck"];
        for text in texts.into_iter().chain(["2026-04-29T14:32:16.000Z {\"bucket_name\":\"b\"}"]) {
            assert_eq!(foreign_text(text.as_bytes()), None, "{text}");
        }
    }

    /// A tar header for an empty file.
    fn tar_header() -> Vec<u8> {
        let mut header = vec![0; HEADER];
        header[..5].copy_from_slice(b"a.log");
        header[100..124].copy_from_slice(b"0000644\x000001750\x000001750\0");
        header[124..136].copy_from_slice(b"00000000000\0");
        header[148..156].fill(b' ');
        header[257..263].copy_from_slice(b"ustar\0");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        header
    }

    #[test]
    fn binary_files_are_named() {
        let cases: [(&[u8], &str); 5] = [
            (b"PAR1\x15\x04\x15", "Parquet"),
            (b"BZh91AY&SY\x12", "bzip2"),
            (b"PK\x03\x04", "zip"),
            (b"\x7FELF\x02", "program"),
            (&tar_header(), "tar"),
        ];
        for (bytes, kind) in cases {
            assert!(binary(bytes).is_some_and(|named| named.contains(kind)), "{}", bytes.escape_ascii());
        }
    }

    /// A client can place `ustar` at its offset in a line, and an owner may have any name.
    #[test]
    fn lines_of_text_are_never_binary() {
        let mut line = RECORD.replace("GET /", &format!("GET /{}", "x".repeat(300))).into_bytes();
        line[257..262].copy_from_slice(b"ustar");
        line.resize(HEADER, b'x');
        assert_eq!(binary(&line), None);
        for owner in ["PAR1", "BZh9", "BZh91", "ustar", "PK", "SQLite"] {
            assert_eq!(binary(RECORD.replacen('o', owner, 1).as_bytes()), None, "{owner}");
        }
        let mut header = tar_header();
        header[0] = b'b';
        assert_eq!(binary(&header), None, "the checksum does not fit");
    }
}
