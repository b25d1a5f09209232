//! Lines of JSON in blocks, columns and rejects, next to lines of text.

#![allow(clippy::unwrap_used)]

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Int16Type, Int64Type, TimestampMicrosecondType};
use saltmine_scan::{
    BLOCK_SIZE, Column, MAX_LINE, ScanOptions, SourceReport, SourceScan, SourceState, discover,
};

fn text(number: usize, agent: &str) -> String {
    format!(
        "0wner data-lake [01/May/2026:10:00:00 +0000] 198.51.100.{} arn:aws:iam::111122223333:user/reader {number:016X} \
         REST.GET.OBJECT part-{number}.parquet \"GET /part-{number}.parquet HTTP/1.1\" 200 - {number} 99 12 11 \"-\" \
         \"{agent}\" - c2FsdG1pbmVzYWx0bWluZXNhbHRtaW5lc2FsdG1pbmVzYWx0bWluZXNhbHRtaW5lc2FsdG0= SigV4 \
         TLS_AES_128_GCM_SHA256 AuthHeader data-lake.s3.eu-west-1.amazonaws.com TLSv1.3 - Yes eu-west-1",
        number % 256,
    )
}

/// The same request; `agent` as written in JSON.
fn json(number: usize, agent: &str) -> String {
    format!(
        "{{\"schema_version_id\":\"V_1_0\",\"bucket_arn\":\"arn:aws:s3:::data-lake\",\"bucket_name\":\"data-lake\",\
         \"request_time\":\"2026-05-01T10:00:00.000Z\",\"bucket_owner_id\":\"0wner\",\"remote_ip\":\"198.51.100.{}\",\
         \"requester\":\"arn:aws:iam::111122223333:user/reader\",\"request_id\":\"{number:016X}\",\
         \"operation\":\"REST.GET.OBJECT\",\"key_name\":\"part-{number}.parquet\",\
         \"request_uri\":\"GET \\/part-{number}.parquet HTTP\\/1.1\",\"http_status\":200,\"error_code\":null,\
         \"bytes_sent_size\":{number},\"object_size\":99,\"total_duration\":12,\"turn_around_duration\":11,\
         \"referer\":null,\"user_agent\":\"{agent}\",\"version_id\":null,\
         \"host_id\":\"c2FsdG1pbmVzYWx0bWluZXNhbHRtaW5lc2FsdG1pbmVzYWx0bWluZXNhbHRtaW5lc2FsdG0=\",\
         \"signature_version\":\"SigV4\",\"cipher_suite\":\"TLS_AES_128_GCM_SHA256\",\
         \"authentication_type\":\"AuthHeader\",\"host_header\":\"data-lake.s3.eu-west-1.amazonaws.com\",\
         \"tls_version\":\"TLSV1.3\",\"access_point_arn\":null,\"acl_required\":true,\"source_region\":\"eu-west-1\"}}",
        number % 256,
    )
}

fn scan(bytes: &[u8]) -> (RecordBatch, SourceReport) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, bytes).unwrap();
    let source = discover(&[path.to_str().unwrap().to_owned()]).unwrap().remove(0);
    let mut scan = SourceScan::open(&source, &ScanOptions::default());
    let mut batches = Vec::new();
    while let Some(batch) = scan.next_batch().unwrap() {
        batch.columns().iter().for_each(|column| column.to_data().validate_full().unwrap());
        batches.push(batch);
    }
    (concat_batches(&scan.schema().clone(), &batches).unwrap(), scan.finish())
}

fn value<'a>(batch: &'a RecordBatch, name: &str, row: usize) -> Option<&'a str> {
    let column = batch.column_by_name(name).unwrap().as_string_view();
    column.is_valid(row).then(|| column.value(row))
}

#[test]
fn text_and_json_give_equal_columns_over_many_blocks() {
    let number = 5_000;
    let agents =
        ["plain/1.0", "a longer agent with umlauts ü and \u{1f600}", "\\backslash\\ at the end of it\\"];
    let escaped = [
        "plain/1.0",
        "a longer agent with umlauts \\u00fc and \\ud83d\\ude00",
        "\\\\backslash\\\\ at the end of it\\\\",
    ];
    let texts: Vec<String> = (0..number).map(|at| text(at, agents[at % 3])).collect();
    let jsons: Vec<String> = (0..number).map(|at| json(at, escaped[at % 3])).collect();
    let (from_text, _) = scan(texts.join("\n").as_bytes());
    let (from_json, report) = scan(jsons.join("\n").as_bytes());
    assert!(report.inflated > 8 * BLOCK_SIZE as u64);
    assert_eq!((report.counts.rows, report.counts.anomalies), (number as u64, 0));
    for (index, field) in from_text.schema().fields().iter().enumerate() {
        assert!(from_text.column(index) == from_json.column(index), "{}", field.name());
    }
    // In a file of mixed lines, each is parsed in its own format.
    let mixed: Vec<&str> =
        (0..number).map(|at| if at % 2 == 0 { &*texts[at] } else { &*jsons[at] }).collect();
    let (from_both, _) = scan(mixed.join("\n").as_bytes());
    assert!(from_text == from_both);
}

#[test]
fn a_text_line_inside_json_is_not_parsed() {
    let forged = "x [01/May/2026:10:00:00 +0000] 192.0.2.1 - R REST.GET.OBJECT k \\\"GET /k HTTP/1.1\\\" 200 - 1 1 1 1 \
                  \\\"-\\\" \\\"-\\\" - h= - - - h -";
    let line = format!("{{\"user_agent\":\"y {forged}\",\"x\":1}}");
    let cut = &line[..line.len() - 1];
    for prefix in ["", " ", "2026-05-01T10:00:00Z ", "2026-05-01T10:00:00Z stream "] {
        let (batch, report) =
            scan([&json(0, "a"), "\n", prefix, &line, "\n", prefix, cut].concat().as_bytes());
        assert_eq!((batch.num_rows(), report.counts.rejects), (1, 2), "{prefix}");
        assert!(report.rejected[0].reason.starts_with("missing request_time at byte "));
        assert!(report.rejected[1].reason.starts_with("not JSON: EOF while parsing an object at byte "));
        assert_eq!(report.rejected[1].bytes, [prefix, cut].concat().into_bytes());
    }
}

#[test]
fn no_line_changes_how_another_is_read() {
    let hostile = text(1, "{\"request_time\":\"2026-04-29T14:32:16Z\",\"operation\":\"REST.GET.OBJECT\"}");
    // The end of a torn line, which begins with text from a client.
    let torn = "{\"a\":\" - c2Fsd SigV4 C AuthHeader h TLSv1.3 - - -";
    let lines =
        [&text(0, "a"), torn, &hostile, "{", "}", &text(2, "b"), "{}", &json(3, "c"), "{[", &text(4, "d")];
    let (batch, report) = scan(lines.join("\n").as_bytes());
    let counts = report.counts;
    assert_eq!((counts.lines, counts.rows, counts.rejects), (10, 5, 5));
    let sent = batch.column_by_name("bytes_sent").unwrap().as_primitive::<Int64Type>();
    assert_eq!(sent.values().to_vec(), [0, 1, 2, 3, 4]);
    assert_eq!(value(&batch, "anomaly", 1), Some("embedded_quote"));
}

#[test]
fn hostile_lines_are_rows_or_rejects_with_their_offset() {
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    let nested = json(1, "a").replace("null", &format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)));
    let lines = [
        json(0, "a"),
        deep,
        nested,
        json(2, "x\\ud800"),
        json(3, "x\\q"),
        json(4, "tab\there"),
        json(5, "a").replace(":200,", ":99999999999999999999999999999999,"),
        json(6, "a").replace(":200,", ":2e400,"),
        json(7, "a").replace("\"key_name\"", "\"operation\":\"REST.PUT.OBJECT\",\"key_name\""),
        "{}".into(),
        "{\"request_time\":".into(),
        format!("{}{}", json(8, "a"), json(9, "b")),
        json(10, "a"),
    ];
    let (batch, report) = scan(lines.join("\r\n").as_bytes());
    assert_eq!((report.counts.lines, report.counts.rows, report.counts.rejects), (13, 7, 6));
    let numbers = batch.column_by_name("log_line").unwrap().as_primitive::<Int64Type>();
    assert_eq!(numbers.values().to_vec(), [1, 3, 4, 7, 8, 9, 13]);
    for (row, anomaly) in [
        (0, None),
        (1, Some("extra_fields")),
        (2, Some("invalid_utf8")),
        (3, Some("bad_number")),
        (4, Some("bad_number")),
        (5, Some("extra_fields")),
        (6, None),
    ] {
        assert_eq!(value(&batch, "anomaly", row), anomaly, "row {row}");
        let line = numbers.value(row) as usize - 1;
        assert_eq!(value(&batch, "raw", row), anomaly.map(|_| lines[line].as_str()), "row {row}");
    }
    assert_eq!(value(&batch, "user_agent", 2), Some("x\\ud800"));
    assert!(batch.column_by_name("http_status").unwrap().is_null(3));
    assert_eq!(value(&batch, "operation", 5), Some("REST.GET.OBJECT"));
    assert_eq!(value(&batch, "extra", 5), Some("{\"operation\":\"REST.PUT.OBJECT\"}"));
    let mut offset = 0;
    for (at, line) in lines.iter().enumerate() {
        if let Some(reject) = report.rejected.iter().find(|reject| reject.line == at as u64 + 1) {
            assert_eq!(reject.offset, offset, "line {}", at + 1);
            assert!(reject.bytes == line.as_bytes(), "line {}", at + 1);
        }
        offset += line.len() as u64 + 2;
    }
    assert_eq!(report.rejected[4].reason.split(" at ").next(), Some("not JSON: EOF while parsing an object"));
    assert_eq!(report.rejected[5].reason.split(" at ").next(), Some("more than one JSON object"));
}

#[test]
fn invalid_utf8_is_treated_as_in_text() {
    let with_bytes =
        |line: String| line.into_bytes().into_iter().map(|byte| if byte == b'@' { 0xE9 } else { byte });
    let mut bytes: Vec<u8> = with_bytes(json(0, "a")).collect();
    bytes.extend(b"\n");
    bytes.extend(with_bytes(json(1, "caf@ \\n @")));
    bytes.extend(b"\n\xFF{\n");
    let bad_at = bytes.len() as u64;
    bytes.extend(b"{\"request_time\"\xFF}\n");
    bytes.extend(with_bytes(json(2, "b")));
    let (batch, report) = scan(&bytes);
    assert_eq!((report.counts.rows, report.counts.rejects), (3, 2));
    assert_eq!(value(&batch, "user_agent", 1), Some("caf\\xE9 \n \\xE9"));
    assert_eq!(value(&batch, "anomaly", 1), Some("invalid_utf8"));
    assert!(value(&batch, "raw", 1).unwrap().contains("\"caf\\\\xE9 \\n \\\\xE9\""));
    assert_eq!(
        (report.rejected[1].offset, &report.rejected[1].bytes[..]),
        (bad_at, &b"{\"request_time\"\xFF}"[..])
    );
}

#[test]
fn long_texts_are_read_and_longer_ones_are_rejects() {
    let long = "\\u00e9".repeat(MAX_LINE / 8);
    let too_long = "x".repeat(10 << 20);
    let lines = [json(0, "a"), json(1, &long), json(2, &too_long), json(3, "b")];
    let (batch, report) = scan(lines.join("\n").as_bytes());
    assert_eq!((report.counts.lines, report.counts.rows, report.counts.rejects), (4, 3, 1));
    assert!(value(&batch, "user_agent", 1).unwrap() == "é".repeat(MAX_LINE / 8));
    assert!(report.rejected[0].reason.contains("is too long"));
    assert_eq!(value(&batch, "user_agent", 2), Some("b"));
}

#[test]
fn parts_of_a_second_are_kept() {
    let line = json(0, "a").replace("00.000Z", "00.250Z");
    let (batch, report) = scan([line, text(1, "a")].join("\n").as_bytes());
    let times = batch.column_by_name("request_time").unwrap().as_primitive::<TimestampMicrosecondType>();
    let second = 1_777_629_600_000_000;
    assert_eq!(times.values().to_vec(), [second + 250_000, second]);
    assert_eq!((report.counts.first_time, report.counts.last_time), (Some(second), Some(second + 250_000)));
    assert_eq!(batch.column_by_name("http_status").unwrap().as_primitive::<Int16Type>().value(0), 200);
}

#[test]
fn plain_values_are_not_copied() {
    let line = json(0, "a").replace("\\/", "/").replace("true", "false");
    let (batch, _) = scan(line.as_bytes());
    let host = batch.column(Column::at(18).unwrap().index()).as_string_view();
    assert_eq!(host.data_buffers().len(), 1);
}

#[test]
fn other_json_is_refused_and_broken_records_are_not() {
    for (bytes, state) in [
        ("{\"eventVersion\":1}", SourceState::NotALog),
        ("{\n  \"request_time\": 1\n}", SourceState::NotALog),
        ("{\"timestamp\":1,\"message\":\"{\\\"request_time\\\":1}\"}\n", SourceState::NotALog),
        ("{\"schema_version_id\":\"V_1_0\",\"bucke", SourceState::Complete),
        ("\n\n{\"request_time\":1}\n", SourceState::Complete),
    ] {
        let (_, report) = scan(bytes.as_bytes());
        assert_eq!(report.state, state, "{bytes}");
        let lines = bytes.lines().filter(|line| !line.is_empty()).count() as u64;
        assert_eq!(report.counts.rejects, lines, "{bytes}");
    }
}
