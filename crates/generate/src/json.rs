//! The same records in AWS's structured delivery: one JSON object per line.
//!
//! Lines are written byte by byte, like lines of text. Escapes, omitted members and time formats are up to the writer,
//! so rows alternate between four styles.

use std::io::Write;

use super::random::mix;
use super::row::{BAD_BYTE, Row, clock, col};

/// How records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs)] // Comments of variants would become help texts.
pub enum Delivery {
    // Lines of text, as S3 writes them to a bucket
    #[default]
    Text,
    // JSON objects, as the structured delivery writes them
    Json,
    // JSON objects behind their time, as CloudWatch Logs exports them
    Export,
}

/// The members that are fields, in AWS's order.
const MEMBERS: [(&str, usize); col::COUNT] = [
    ("bucket_name", col::BUCKET),
    ("request_time", col::TIME),
    ("bucket_owner_id", col::OWNER),
    ("remote_ip", col::IP),
    ("requester", col::REQUESTER),
    ("request_id", col::REQUEST_ID),
    ("operation", col::OPERATION),
    ("key_name", col::KEY),
    ("request_uri", col::URI),
    ("http_status", col::STATUS),
    ("error_code", col::ERROR),
    ("bytes_sent_size", col::SENT),
    ("object_size", col::SIZE),
    ("total_duration", col::TOTAL),
    ("turn_around_duration", col::TURN),
    ("referer", col::REFERER),
    ("user_agent", col::AGENT),
    ("version_id", col::VERSION),
    ("host_id", col::HOST_ID),
    ("signature_version", col::SIGNATURE),
    ("cipher_suite", col::CIPHER),
    ("authentication_type", col::AUTH),
    ("host_header", col::HOST),
    ("tls_version", col::TLS),
    ("access_point_arn", col::ACCESS_POINT),
    ("acl_required", col::ACL),
    ("source_region", col::REGION),
];

/// The name for text after the last field of a line.
const EXTRA_MEMBER: &str = "field_28";

/// The style of a writer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// As in AWS's example.
    Plain,
    /// ASCII only, with `/` escaped too.
    Ascii,
    /// Extra spaces, nulls omitted, times as Athena writes them.
    Wide,
    /// Reversed order, quotes as numeric escapes, times with an offset.
    Backwards,
}

impl Style {
    fn for_row(row: &Row) -> Self {
        let id = row.get(col::REQUEST_ID).unwrap_or_default();
        let hash = id.bytes().fold(row.time as u64, |hash, byte| mix(hash ^ u64::from(byte)));
        [Self::Plain, Self::Ascii, Self::Wide, Self::Backwards][(hash % 4) as usize]
    }
}

/// The values that a reader must return: a JSON row is never ambiguous, and unknown members form an object.
pub(crate) fn expected_row(row: &Row) -> Row {
    let mut delivered = row.clone();
    delivered.odd.ambiguous_quotes = false;
    delivered.extra = extra_member(row).map(|more| format!("{{{more}}}"));
    delivered.stray = None;
    delivered
}

/// The member that is not a field.
fn extra_member(row: &Row) -> Option<String> {
    let text = row.extra.as_deref().or(row.stray.as_deref())?;
    let mut out = format!("\"{EXTRA_MEMBER}\":").into_bytes();
    string(Style::Plain, text, &mut out);
    String::from_utf8(out).ok()
}

/// Writes the line without its line break.
pub(crate) fn render(row: &Row, delivery: Delivery, out: &mut Vec<u8>) {
    let style = Style::for_row(row);
    if delivery == Delivery::Export {
        time(Style::Plain, row.time, out);
        out.push(b' ');
    }
    let blank = if style == Style::Wide { " " } else { "" };
    let mut members = vec![
        ("schema_version_id", b"\"V_1_0\"".to_vec()),
        ("bucket_arn", text_of(style, &format!("arn:aws:s3:::{}", row.get(col::BUCKET).unwrap_or_default()))),
    ];
    members.extend(MEMBERS.iter().map(|(name, column)| (*name, value(style, row, *column))));
    if style == Style::Wide {
        members.retain(|(_, value)| value != b"null");
    }
    if style == Style::Backwards {
        members.reverse();
    }
    for (at, (name, value)) in members.iter().enumerate() {
        let _ = write!(out, "{}\"{name}\":{blank}", if at == 0 { "{" } else { "," }); // writing to memory cannot fail
        out.extend_from_slice(value);
    }
    if let Some(more) = extra_member(row) {
        let _ = write!(out, ",{blank}{more}");
    }
    out.push(b'}');
}

fn value(style: Style, row: &Row, column: usize) -> Vec<u8> {
    let mut out = Vec::new();
    match (column, row.get(column)) {
        (col::TIME, _) => {
            out.push(b'"');
            time(style, row.time, &mut out);
            out.push(b'"');
        }
        (col::ACL, value) => out.extend_from_slice(if value == Some("Yes") { b"true" } else { b"false" }),
        (col::STATUS | col::SENT | col::SIZE | col::TOTAL | col::TURN, _) => match row.get_number(column) {
            Some(number) => out.extend_from_slice(number.to_string().as_bytes()),
            None => out.extend_from_slice(b"null"),
        },
        (_, Some(text)) => return text_of(style, text),
        (_, None) => out.extend_from_slice(b"null"),
    }
    out
}

fn time(style: Style, time: i64, out: &mut Vec<u8>) {
    let (year, month, day, hour, minute, second) = clock(time);
    let (between, end) = match style {
        Style::Plain | Style::Ascii => ("T", ".000Z"),
        Style::Wide => (" ", ".000000 UTC"),
        Style::Backwards => ("T", "+00:00"),
    };
    let date = format!("{year:04}-{month:02}-{day:02}");
    let _ = write!(out, "{date}{between}{hour:02}:{minute:02}:{second:02}{end}");
}

fn text_of(style: Style, text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    string(style, text, &mut out);
    out
}

fn string(style: Style, text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for char in text.chars() {
        let _ = match (char, style) {
            (BAD_BYTE, _) => out.write_all(b"\xFF"),
            ('"', Style::Backwards) => out.write_all(b"\\u0022"),
            ('"' | '\\', _) | ('/', Style::Ascii) => write!(out, "\\{char}"),
            ('\t', Style::Plain) => out.write_all(b"\\t"),
            ('\u{8}', Style::Plain) => out.write_all(b"\\b"),
            ('\0'..='\x1f', _) => write!(out, "\\u{:04x}", u32::from(char)),
            (_, Style::Ascii) if !char.is_ascii() => {
                char.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04X}"))
            }
            _ => write!(out, "{char}"),
        };
    }
    out.push(b'"');
}

/// Adds a line that is not a record; `number` selects the kind.
pub(crate) fn malformed_line(number: usize, out: &mut Vec<u8>) {
    const LINES: [&[u8]; 10] = [
        b"{\"schema_version_id\":\"V_1_0\",\"bucket_arn\":\"arn:aws:s3:::b\",\"bucket_na",
        b"{\"request_time\":\"2026-13-01T00:00:00.000Z\",\"operation\":\"REST.GET.OBJECT\"}",
        b"{\"request_time\":\"2026-03-01T00:00:00.000Z\",\"bucket_name\":\"b\"}",
        b"{\"request_time\":\"2026-03-01T00:00:00.000Z\",\"operation\":\"REST.GET.OBJECT\"}{}",
        b"{\"request_time\":\"2026-03-01T00:00:00.000Z\",\"operation\":\"REST.GET.OBJECT\",\"referer\":\"\\x\"}",
        b"{\"request_time\":\"2026-03-01T00:00:00.000Z\",\"operation\":\"REST.GET.OBJECT\",\xFF}",
        b"{\"eventVersion\":\"1.09\",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"GetObject\"}",
        b"[{\"request_time\":\"2026-03-01T00:00:00.000Z\",\"operation\":\"REST.GET.OBJECT\"}]",
        b"2026-03-01T00:00:00.000Z {\"message\":\"{}\"}",
        b"}",
    ];
    out.extend_from_slice(LINES[number % LINES.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_in_every_style() {
        let mut row = Row::new();
        row.time = 1_772_323_200;
        row.set(col::BUCKET, "b");
        row.set(col::AGENT, "/\"é😀\t\u{1}\\\u{E0FF}");
        row.number(col::STATUS, Some(200));
        let all: Vec<Vec<u8>> = (0..64)
            .map(|number| {
                row.set(col::REQUEST_ID, &number.to_string());
                let mut line = Vec::new();
                render(&row, Delivery::Json, &mut line);
                line
            })
            .collect();
        let has = |part: &[u8]| all.iter().any(|line| line.windows(part.len()).any(|window| window == part));
        assert!(has("\"user_agent\":\"/\\\"é😀\\t\\u0001\\\\".as_bytes()));
        assert!(has(b"\"user_agent\":\"\\/\\\"\\u00E9\\uD83D\\uDE00\\u0009\\u0001\\\\\xFF\""));
        assert!(has("\"user_agent\": \"/\\\"é😀\\u0009".as_bytes()));
        assert!(has("\"user_agent\":\"/\\u0022é😀".as_bytes()));
        assert!(has(b"\"request_time\":\"2026-03-01T00:00:00.000Z\""));
        assert!(has(b"\"request_time\": \"2026-03-01 00:00:00.000000 UTC\""));
        assert!(has(b"\"request_time\":\"2026-03-01T00:00:00+00:00\""));
        assert!(has(b"\"http_status\":200,\"error_code\":null,"));
    }
}
