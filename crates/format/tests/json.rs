//! Lines of JSON: AWS's example, hostile lines, and round trips with the same result as text.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::line_builder::LineBuilder;
use common::{Row, config};
use proptest::prelude::*;
use saltmine_format::{Anomalies, Field, JsonErrorKind, JsonRecord, Record};

/// From the Amazon S3 User Guide.
const EXAMPLE: &str = r#"{"schema_version_id":"V_1_0","bucket_arn":"arn:aws:s3:::my-data-bucket","bucket_name":"my-data-bucket","request_time":"2026-04-29T14:32:16.000Z","bucket_owner_id":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be","remote_ip":"203.0.113.45","requester":"arn:aws:iam::123456789012:role/DataAnalystRole","request_id":"3E57427F33A59F07","operation":"REST.GET.OBJECT","key_name":"reports/2026/quarterly-summary.parquet","request_uri":"GET /my-data-bucket/reports/2026/quarterly-summary.parquet HTTP/1.1","http_status":200,"error_code":null,"bytes_sent_size":1048576,"object_size":1048576,"total_duration":45,"turn_around_duration":12,"referer":null,"user_agent":"aws-sdk-java/2.20.0","version_id":null,"host_id":"s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234=","signature_version":"SigV4","cipher_suite":"TLS_AES_128_GCM_SHA256","authentication_type":"AuthHeader","host_header":"my-data-bucket.s3.us-east-1.amazonaws.com","tls_version":"TLSv1.3","access_point_arn":null,"acl_required":false,"source_region":"us-east-1"}"#;

fn row_of(record: &JsonRecord<'_>) -> Row {
    Row {
        values: Field::ALL.map(|field| record.get(field).map(<[u8]>::to_vec)),
        extra: record.extra().map(<[u8]>::to_vec),
        anomalies: record.anomalies(),
        request_time: record.fields().request_time,
    }
}

fn read(line: &str) -> Row {
    row_of(&JsonRecord::parse(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}")))
}

fn refusal(line: &[u8]) -> JsonErrorKind {
    JsonRecord::parse(line).unwrap_err().kind
}

/// A record with the required members and `members`.
fn with(members: &str) -> String {
    format!(
        r#"{{"request_time":"2026-04-29T14:32:16Z","operation":"REST.GET.OBJECT","bucket_name":"b"{members}}}"#
    )
}

#[test]
fn aws_example_is_read_completely() {
    let record = JsonRecord::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!(record.request_time(), 1_777_473_136_000_000);
    assert_eq!((record.anomalies(), record.extra()), (Anomalies::NONE, None));
    let text = |field| record.get(field).map(|value| std::str::from_utf8(value).unwrap());
    assert_eq!(text(Field::Bucket), Some("my-data-bucket"));
    assert_eq!(
        text(Field::RequestUri),
        Some("GET /my-data-bucket/reports/2026/quarterly-summary.parquet HTTP/1.1")
    );
    assert_eq!(text(Field::SourceRegion), Some("us-east-1"));
    assert_eq!(text(Field::AclRequired), None);
    assert_eq!((text(Field::ErrorCode), text(Field::Referer)), (None, None));
    assert_eq!(record.number(Field::HttpStatus), Some(200));
    assert_eq!(record.number(Field::TurnAroundTime), Some(12));
    let ends = record.fields().spans.iter().filter(|span| !span.is_null());
    assert!(ends.clone().all(|span| (span.end as usize) < EXAMPLE.len()), "nothing is copied");
    assert_eq!(ends.count(), 22);
}

#[test]
fn common_ways_to_export_records() {
    let plain = read(EXAMPLE);
    for prefix in
        ["\u{feff}", "  ", "2026-04-29T14:32:20.123Z ", "2026-04-29T14:32:20.123456+00:00 stream/1 "]
    {
        assert_eq!(read(&format!("{prefix}{EXAMPLE}\t")), plain);
    }
    let envelope = r#"{"logStreamName":"s","timestamp":1,"message":"{\"operation\":\"REST.GET.OBJECT\"}"}"#;
    assert_eq!(refusal(envelope.as_bytes()), JsonErrorKind::Envelope);
}

#[test]
fn dashes_and_empty_values_are_null_as_in_text() {
    let row = read(&with(
        r#","requester":"-","version_id":"","user_agent":"","referer":"\u002d","http_status":"-","acl_required":true"#,
    ));
    for field in [Field::Requester, Field::VersionId, Field::Referer, Field::HttpStatus, Field::Key] {
        assert_eq!(row.get(field), None, "{field:?}");
    }
    assert_eq!(row.get(Field::UserAgent), Some(&b""[..]));
    assert_eq!(row.get(Field::AclRequired), Some(&b"Yes"[..]));
    assert!(row.anomalies.is_empty());
}

#[test]
fn numbers_are_digits_that_fit() {
    for (value, read_as) in [
        ("0", Some(0)),
        ("9223372036854775807", Some(i64::MAX)),
        ("12.0", Some(12)),
        ("\"12\"", Some(12)),
        ("null", None),
    ] {
        let line = with(&format!(r#","object_size":{value}"#));
        let record = JsonRecord::parse(line.as_bytes()).unwrap();
        assert_eq!(record.number(Field::ObjectSize), read_as, "{value}");
        assert!(record.anomalies().is_empty(), "{value}");
    }
    let bad = [
        "9223372036854775808",
        "-1",
        "1.5",
        "1e3",
        "1e999",
        "true",
        "[]",
        "{\"a\":1}",
        "\"x\"",
        "\"\\u0031\"",
    ];
    for value in bad.into_iter().chain([&*"9".repeat(10_000)]) {
        let row = read(&with(&format!(r#","object_size":{value}"#)));
        assert_eq!((row.get(Field::ObjectSize), row.anomalies), (None, Anomalies::BAD_NUMBER), "{value}");
    }
    for value in ["20", "2000", "-20"] {
        let row = read(&with(&format!(r#","http_status":{value}"#)));
        assert_eq!((row.get(Field::HttpStatus), row.anomalies), (None, Anomalies::BAD_NUMBER), "{value}");
    }
}

#[test]
fn members_without_a_column_are_kept_verbatim() {
    for (members, extra) in [
        (r#","new":  {"a" : [1, "\u00e9"]}"#, r#"{"new":  {"a" : [1, "\u00e9"]}}"#),
        (r#","x":1,"key_name":"k","y":null"#, r#"{"x":1,"y":null}"#),
        (r#","bucket_name":"other""#, r#"{"bucket_name":"other"}"#),
        (r#","bucket\u005fname":"other""#, r#"{"bucket\u005fname":"other"}"#),
        (r#","user_agent":{"a":1}"#, r#"{"user_agent":{"a":1}}"#),
        (r#","acl_required":1"#, r#"{"acl_required":1}"#),
        (r#","schema_version_id":"V_2_0""#, r#"{"schema_version_id":"V_2_0"}"#),
        (r#","bucket_arn":"arn:aws:s3:::other""#, r#"{"bucket_arn":"arn:aws:s3:::other"}"#),
        (r#","":"""#, r#"{"":""}"#),
    ] {
        let row = read(&with(members));
        assert_eq!(row.extra.as_deref().map(String::from_utf8_lossy).as_deref(), Some(extra), "{members}");
        assert_eq!(row.anomalies, Anomalies::EXTRA_FIELDS, "{members}");
        assert_eq!(row.get(Field::Bucket), Some(&b"b"[..]), "the first counts: {members}");
    }
    for members in
        [r#","schema_version_id":"V_1_0""#, r#","bucket_arn":"arn:aws-cn:s3:::b""#, r#","bucket_arn":null"#]
    {
        assert_eq!((read(&with(members)).extra, read(&with(members)).anomalies), (None, Anomalies::NONE));
    }
}

#[test]
fn escapes_are_undone_and_quotes_are_marked() {
    let row = read(&with(
        r#","key\u005fname":"\ud83d\ude00\u0000\n\/\\","user_agent":"x\" - - \"y","remote_ip":"\"""#,
    ));
    assert_eq!(row.get(Field::Key), Some("\u{1f600}\0\n/\\".as_bytes()));
    assert_eq!(row.get(Field::UserAgent), Some(&b"x\" - - \"y"[..]));
    assert_eq!(row.get(Field::RemoteIp), Some(&b"\""[..]));
    assert_eq!(row.anomalies, Anomalies::EMBEDDED_QUOTE);
    assert!(read(&with(r#","remote_ip":"\"""#)).anomalies.is_empty());
}

#[test]
fn an_unpaired_surrogate_is_kept_as_written() {
    for text in [r"a\ud83d", r"\ude00", r"\ud83d\ud83d", r"\ud83dx\n"] {
        let row = read(&with(&format!(r#","referer":"{text}""#)));
        assert_eq!(row.get(Field::Referer), Some(text.as_bytes()));
        assert_eq!(row.anomalies, Anomalies::INVALID_UTF8);
    }
}

#[test]
fn rejects_have_a_reason() {
    use JsonErrorKind as K;
    let deep = format!("{{\"a\":{}", "[".repeat(200_000));
    for (line, kind) in [
        (r#"{"operation":"REST.GET.OBJECT"}"#, K::Missing(Field::RequestTime)),
        (r#"{"request_time":"2026-04-29T14:32:16Z"}"#, K::Missing(Field::Operation)),
        (r#"{"request_time":"2026-04-29T14:32:16Z","operation":null}"#, K::Missing(Field::Operation)),
        (r#"{"request_time":"29/Apr/2026","operation":"REST.GET.OBJECT"}"#, K::Malformed(Field::RequestTime)),
        (r#"{"request_time":1777473136,"operation":"REST.GET.OBJECT"}"#, K::Malformed(Field::RequestTime)),
        (r#"{"request_time":"2026-04-29T14:32:16Z","operation":"GET"}"#, K::Malformed(Field::Operation)),
        (
            r#"{"request_time":"2026-04-29T14:32:16Z","operation":["REST.GET.OBJECT"]}"#,
            K::Malformed(Field::Operation),
        ),
        (
            r#"{"request_time":"2100-01-01T00:00:00Z","operation":"REST.GET.OBJECT"}"#,
            K::OutOfRange(Field::RequestTime),
        ),
        (
            r#"{"request_time":"2005-12-31T23:59:59.999999Z","operation":"REST.GET.OBJECT"}"#,
            K::OutOfRange(Field::RequestTime),
        ),
        ("{}", K::Missing(Field::RequestTime)),
        ("{}{}", K::Trailing),
        ("{", K::Syntax("EOF while parsing an object".into())),
        ("{\"a\":\"\\ud83\"}", K::Syntax("invalid escape".into())),
        (&deep, K::Syntax("EOF while parsing a list".into())),
    ] {
        assert_eq!(refusal(line.as_bytes()), kind, "{line:.200}");
    }
    assert_eq!(refusal(&[&EXAMPLE.as_bytes()[..EXAMPLE.len() - 3], b"\xFF\"}"].concat()), K::NotUtf8);
    let every_cut = (1..EXAMPLE.len()).map(|end| JsonRecord::parse(&EXAMPLE.as_bytes()[..end]));
    assert!(every_cut.into_iter().all(|cut| cut.is_err_and(|error| error.offset <= EXAMPLE.len())));
}

#[test]
fn memory_is_bounded_by_the_line() {
    let long = "\\u0041".repeat(1 << 20);
    let line = with(&format!(r#","user_agent":"{long}","x":"{long}""#));
    let mut fields = saltmine_format::Fields::EMPTY;
    let mut unescaped = String::from("of another line");
    fields.read_json(line.as_bytes(), line.len() as u32, &mut unescaped).unwrap();
    assert!(unescaped.len() < line.len() + 20);
    let before = unescaped.clone();
    let cut = &line.as_bytes()[..line.len() - 1];
    assert!(fields.read_json(cut, cut.len() as u32, &mut unescaped).is_err());
    assert!(unescaped == before, "a rejected line leaves nothing");
}

/// Values for every field: tokens, text from clients, numbers; `None` for null.
fn values() -> impl Strategy<Value = Vec<(Field, Option<String>)>> {
    let token = || "[!#-~é€😀]{1,24}".prop_filter("null", |text| text != "-");
    let client = || {
        "[ !#-\\[\\]-~é€😀\u{0}-\u{9}\u{b}-\u{1f}\u{7f}\u{2028}\\\\]{0,40}"
            .prop_filter("null", |text| text != "-")
    };
    let number = || (0..=i64::MAX).prop_map(|number| number.to_string());
    let of = move |field: Field| -> BoxedStrategy<Option<String>> {
        match field {
            Field::RequestTime => Just(None).boxed(),
            Field::Operation => "(REST|WEBSITE)\\.[A-Z]{3,6}\\.[A-Z_]{3,12}".prop_map(Some).boxed(),
            Field::HttpStatus => {
                prop::option::of((100..999_i64).prop_map(|status| status.to_string())).boxed()
            }
            Field::AclRequired => prop::option::of(Just("Yes".to_owned())).boxed(),
            field if field.is_number() => prop::option::of(number()).boxed(),
            Field::RequestUri => prop::option::of("[A-Z]{3,6} /[!#-~é😀\\\\]{0,40} HTTP/1\\.1").boxed(),
            field if field.is_quoted() => prop::option::of(client()).boxed(),
            _ => prop::option::of(token()).boxed(),
        }
    };
    Field::ALL.map(move |field| of(field).prop_map(move |value| (field, value))).to_vec()
}

proptest! {
    #![proptest_config(config(2_000))]

    /// Rendering and parsing are inverse, for any values.
    #[test]
    fn rendered_lines_are_read_back(values in values(), seconds in 1_136_073_600..4_102_444_800_i64) {
        let mut line = LineBuilder::new();
        for (field, value) in &values {
            if let Some(value) = value {
                line.set(*field, value.as_bytes());
            }
        }
        line.set_time(seconds);
        let json = line.to_json();
        let record = JsonRecord::parse(&json).unwrap();
        for (field, value) in values.iter().filter(|(field, _)| *field != Field::RequestTime) {
            prop_assert_eq!(record.get(*field), value.as_ref().map(|text| text.as_bytes()), "{:?}", field);
        }
        prop_assert_eq!(record.request_time(), seconds * 1_000_000);
        prop_assert_eq!((record.extra(), record.anomalies()), (None, Anomalies::NONE));
    }

    /// A record parsed from text, however odd, is the same when parsed from JSON.
    #[test]
    fn text_and_json_give_the_same_record(values in values(), seconds in 1_700_000_000..1_900_000_000_i64) {
        let mut line = LineBuilder::new();
        for (field, value) in &values {
            if let Some(value) = value {
                line.set(*field, value.as_bytes());
            }
        }
        line.set_time(seconds);
        let text = line.to_bytes();
        let Ok(from_text) = Record::parse(&text) else { return Ok(()) };
        let json = LineBuilder::from_record(&from_text).to_json();
        let (mut read, mut wanted) = (row_of(&JsonRecord::parse(&json).unwrap()), Row::from_record(&from_text));
        for row in [&mut read, &mut wanted] {
            row.values[Field::RequestTime.index()] = None;
            row.anomalies = Anomalies::NONE;
            row.extra = None;
        }
        prop_assert_eq!(read, wanted);
    }

    /// Any text is parsed or rejected, and positions are within bounds.
    #[test]
    fn any_text_is_parsed_or_rejected(junk in "[{}\\[\\]\",:\\\\a-fu0-9 .eE+-]{0,80}", at in 0..EXAMPLE.len(), cut in 0..60_usize) {
        let end = (at + cut).min(EXAMPLE.len());
        let line = [&EXAMPLE[..at], &junk, &EXAMPLE[end..]].concat();
        for line in [line, format!("{{{junk}")] {
            if let Ok(record) = JsonRecord::parse(line.as_bytes()) {
                for field in Field::ALL {
                    let is_null = record.fields().spans[field.index()].is_null();
                    prop_assert_eq!(record.get(field).is_none(), is_null);
                }
                prop_assert!(record.get(Field::Operation).is_some());
            }
        }
    }
}
