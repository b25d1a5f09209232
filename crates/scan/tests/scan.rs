//! From sources to batches, as ingest and SQL use them.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Date32Type, Int16Type, Int64Type, TimestampMicrosecondType};
use saltmine_scan::{
    BLOCK_SIZE, BlockPool, Decoder, MAX_LINE, Order, ReadStatus, ScanOptions, SourceReader, SourceReport,
    SourceScan, SourceState, discover, table_schema,
};

fn line(number: usize, day: usize, agent: &str) -> String {
    format!(
        "0wner data-lake [{day:02}/May/2026:10:00:00 +0000] 198.51.100.{} arn:aws:iam::111122223333:user/reader \
         {number:016X} REST.GET.OBJECT part-{number}.parquet \"GET /part-{number}.parquet HTTP/1.1\" 200 - {number} 99 \
         12 11 \"-\" \"{agent}\" - c2FsdG1pbmVzYWx0bWluZXNhbHRtaW5lc2FsdG1pbmVzYWx0bWluZXNhbHRtaW5lc2FsdG0= SigV4 \
         TLS_AES_128_GCM_SHA256 AuthHeader data-lake.s3.eu-west-1.amazonaws.com TLSv1.3 - - eu-west-1",
        number % 256,
    )
}

fn scan(bytes: &[u8], options: &ScanOptions) -> (RecordBatch, SourceReport) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, bytes).unwrap();
    scan_path(&path, options)
}

fn scan_path(path: &Path, options: &ScanOptions) -> (RecordBatch, SourceReport) {
    let source = discover(&[path.to_str().unwrap().to_owned()]).unwrap().remove(0);
    let mut scan = SourceScan::open(&source, options);
    let mut batches = Vec::new();
    while let Some(batch) = scan.next_batch().unwrap() {
        batches.push(batch);
    }
    (concat_batches(&scan.schema().clone(), &batches).unwrap(), scan.finish())
}

fn text<'a>(batch: &'a RecordBatch, name: &str, row: usize) -> Option<&'a str> {
    let column = batch.column_by_name(name).unwrap().as_string_view();
    column.is_valid(row).then(|| column.value(row))
}

fn integer(batch: &RecordBatch, name: &str, row: usize) -> i64 {
    batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().value(row)
}

#[test]
fn every_line_of_many_blocks_comes_in_order() {
    let lines: Vec<String> = (0..20_000).map(|number| line(number, 1 + number % 28, "agent/1.0")).collect();
    let bytes = lines.join("\n");
    assert!(bytes.len() > 4 * BLOCK_SIZE);
    let (batch, report) = scan(bytes.as_bytes(), &ScanOptions::default());
    assert_eq!(batch.schema(), table_schema());
    assert_eq!((report.counts.lines, report.counts.rows), (20_000, 20_000));
    assert_eq!((report.inflated, report.state), (bytes.len() as u64, SourceState::Complete));
    for number in 0..20_000 {
        assert_eq!(integer(&batch, "log_line", number), number as i64 + 1);
        assert_eq!(integer(&batch, "bytes_sent", number), number as i64);
        assert_eq!(text(&batch, "key", number), Some(format!("part-{number}.parquet").as_str()));
    }
    let first = 1_777_629_600_000_000; // 2026-05-01T10:00:00Z
    assert_eq!(
        batch.column_by_name("request_time").unwrap().as_primitive::<TimestampMicrosecondType>().value(0),
        first
    );
    assert_eq!(batch.column_by_name("event_date").unwrap().as_primitive::<Date32Type>().value(1), 20_575);
    assert_eq!(report.counts.first_time, Some(first));
    assert_eq!(report.counts.last_time, Some(first + 27 * 86_400_000_000));
    assert_eq!(text(&batch, "log_file", 19_999), Some("log"));
    assert_eq!(text(&batch, "anomaly", 0), None);
    assert_eq!(batch.column_by_name("http_status").unwrap().as_primitive::<Int16Type>().value(5), 200);
}

#[test]
fn a_projection_gives_its_columns_in_its_order() {
    let bytes = [line(1, 1, "a"), line(2, 1, "b")].join("\n");
    let options = ScanOptions { projection: Some(vec![31, 16]), ..ScanOptions::default() };
    let (batch, _) = scan(bytes.as_bytes(), &options);
    let schema = batch.schema();
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["log_line", "user_agent"]);
    let (batch, report) =
        scan(bytes.as_bytes(), &ScanOptions { projection: Some(vec![]), ..ScanOptions::default() });
    assert_eq!((batch.num_columns(), batch.num_rows(), report.counts.rows), (0, 2, 2));
}

#[test]
fn rejects_are_kept_verbatim_with_their_position() {
    let good = line(1, 1, "a");
    let mut bytes = b"\xEF\xBB\xBF".to_vec();
    bytes.extend(good.as_bytes());
    bytes.extend(b"\r\n\r\n  \nno log line \xFF\xFE here\n");
    let bad_at = bytes.len() as u64;
    bytes.extend(b"0wner b [99/May/2026:10:00:00 +0000] - - R REST.GET.OBJECT k\n");
    bytes.extend(line(2, 1, "gr\u{fc}n").as_bytes());
    let (batch, report) = scan(&bytes, &ScanOptions::default());
    let counts = report.counts;
    assert_eq!((counts.lines, counts.rows, counts.rejects, counts.blanks), (6, 2, 2, 2));
    assert_eq!(text(&batch, "bucket_owner", 0), Some("0wner"));
    assert_eq!(text(&batch, "source_region", 0), Some("eu-west-1"));
    assert_eq!((text(&batch, "user_agent", 1), text(&batch, "anomaly", 1)), (Some("grün"), None));
    assert_eq!(integer(&batch, "log_line", 1), 6);
    let [first, second] = &report.rejected[..] else { panic!("two rejects") };
    assert_eq!((first.line, &first.bytes[..]), (4, &b"no log line \xFF\xFE here"[..]));
    assert_eq!((second.line, second.offset), (5, bad_at));
    assert_eq!(second.reason, "malformed request_time at byte 8 of the line");
}

#[test]
fn bytes_that_are_not_utf8_are_escaped_and_marked() {
    let mut bytes = line(1, 1, "caf_").into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'_').unwrap();
    bytes[at] = 0xE9;
    bytes.push(b'\n');
    bytes.extend(line(2, 1, "b").as_bytes());
    let (batch, _) = scan(&bytes, &ScanOptions::default());
    assert_eq!(text(&batch, "user_agent", 0), Some("caf\\xE9"));
    assert_eq!(text(&batch, "anomaly", 0), Some("invalid_utf8"));
    assert!(text(&batch, "raw", 0).unwrap().contains("\"caf\\xE9\" - c2Fsd"));
    assert_eq!((text(&batch, "anomaly", 1), text(&batch, "raw", 1)), (None, None));
}

#[test]
fn long_lines_are_read_and_longer_ones_are_rejects() {
    let long = line(1, 1, &"x".repeat(2 * BLOCK_SIZE));
    let too_long = line(2, 1, &"y".repeat(3 * MAX_LINE));
    let bytes = [line(0, 1, "a"), long.clone(), too_long.clone(), line(3, 1, "b")].join("\n");
    let (batch, report) = scan(bytes.as_bytes(), &ScanOptions::default());
    assert_eq!((report.counts.lines, report.counts.rows, report.counts.rejects), (4, 3, 1));
    assert_eq!(text(&batch, "user_agent", 1).map(str::len), Some(2 * BLOCK_SIZE));
    let lines: Vec<i64> = (0..3).map(|row| integer(&batch, "log_line", row)).collect();
    assert_eq!(lines, [1, 2, 4]);
    let reject = &report.rejected[0];
    assert_eq!(reject.line, 3);
    assert_eq!(reject.offset as usize, line(0, 1, "a").len() + long.len() + 2);
    assert!(
        reject.reason.starts_with(&format!("line of {} bytes is too long", too_long.len())),
        "{}",
        reject.reason
    );
    assert!(too_long.as_bytes().starts_with(&reject.bytes));
}

#[test]
fn a_truncated_gzip_keeps_its_lines_and_reports_the_position() {
    let lines: Vec<String> = (0..500).map(|number| line(number, 1, "agent")).collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(lines.join("\n").as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    for end in [3, 20, bytes.len() / 2, bytes.len() - 1] {
        let (batch, report) = scan(&bytes[..end], &ScanOptions::default());
        assert_eq!(report.state, SourceState::Truncated);
        assert_eq!(report.problem.as_ref().and_then(|problem| problem.offset), Some(end as u64));
        let counts = report.counts;
        assert_eq!(counts.lines, counts.rows + counts.rejects + counts.blanks);
        assert!(counts.rejects <= 1);
        for row in 0..batch.num_rows() {
            assert_eq!(text(&batch, "request_id", row), Some(format!("{row:016X}").as_str()));
            assert_eq!(text(&batch, "source_region", row), Some("eu-west-1"));
        }
    }
}

#[test]
fn other_files_are_refused_with_their_kind() {
    let (batch, report) =
        scan(b"#Version: 1.0\n#Fields: date time x-edge-location\n", &ScanOptions::default());
    let counts = (report.counts.lines, report.counts.rejects);
    assert_eq!((batch.num_rows(), counts, report.state), (0, (2, 2), SourceState::NotALog));
    assert_eq!(
        report.rejected[1].reason,
        "not an S3 server access log: looks like a CloudFront standard log"
    );
    assert_eq!(
        report.problem.unwrap().message,
        "not an S3 server access log: looks like a CloudFront standard log"
    );
}

#[test]
fn small_sources_share_a_block_and_days_are_grouped() {
    let sources: Vec<Vec<u8>> = (0..5)
        .map(|source| {
            (0..7).map(|number| line(source * 7 + number, 1 + number % 3, "a")).collect::<Vec<_>>().join("\n")
        })
        .map(String::into_bytes)
        .collect();
    let pool = BlockPool::new();
    let mut block = pool.block();
    for (number, bytes) in sources.into_iter().enumerate() {
        assert_eq!(SourceReader::over_bytes(number, bytes).fill(&mut block), ReadStatus::Done);
    }
    let names = ["s0", "s1", "s2", "s3", "s4"];
    let mut decoder = Decoder::new([31, 30, 5, 32], Order::Days);
    let decoded = decoder.decode(block, |source| names[source]).unwrap();
    assert_eq!(decoded.counts.len(), 5);
    assert!(decoded.counts.iter().all(|(_, counts)| counts.rows == 7));
    let days: Vec<_> = decoded.days.iter().map(|(day, range)| (day - 20_574, range.len())).collect();
    assert_eq!(days, [(0, 15), (1, 10), (2, 10)]);
    let dates = decoded.batch.column(3).as_primitive::<Date32Type>();
    for (day, range) in &decoded.days {
        assert!(range.clone().all(|row| dates.value(row) == *day));
    }
    // The second line of the third source, the first of its day in that source.
    let row = decoded.days[1].1.start + 4;
    assert_eq!(text(&decoded.batch, "log_file", row), Some("s2"));
    assert_eq!(integer(&decoded.batch, "log_line", row), 2);
    assert_eq!(text(&decoded.batch, "request_id", row), Some(format!("{:016X}", 15).as_str()));
}

/// A log whose first line cannot be parsed and looks like a tar archive at byte 257, as a client could make
/// it.
#[test]
fn no_line_hides_the_others() {
    let mut first = line(0, 1, "a").replace(" part-0.parquet ", " \"x ").into_bytes();
    first[..10].copy_from_slice(b"no-log-at-");
    first[257..262].copy_from_slice(b"ustar");
    let time = first.iter().position(|byte| *byte == b'[').unwrap();
    first[time] = b'(';
    let lines: Vec<String> = (1..21).map(|number| line(number, 1, "b")).collect();
    let bytes = [&first[..], b"\n", lines.join("\n").as_bytes()].concat();
    let (batch, report) = scan(&bytes, &ScanOptions::default());
    assert_eq!((batch.num_rows(), report.state), (20, SourceState::Complete));
    assert_eq!((report.counts.lines, report.counts.rejects), (21, 1));
    // Records after such a first line are read, in the same block and in later ones.
    let junk = "#Fields: date time\n".repeat(2 * BLOCK_SIZE / 19);
    for text in ["#Version: 1.0\n", "{\"Records\":[\n", "[1]\n", &junk] {
        let bytes = [text, &lines.join("\n")].concat();
        let (batch, report) = scan(bytes.as_bytes(), &ScanOptions::default());
        assert_eq!((batch.num_rows(), report.state), (20, SourceState::Complete), "{text:.20}");
        let rejects = text.lines().count() as u64;
        assert_eq!((report.counts.lines, report.counts.rejects), (20 + rejects, rejects), "{text:.20}");
    }
}

#[test]
fn a_key_that_begins_with_a_quote_gives_a_row() {
    let bytes = line(3, 1, "a").replace(" part-3.parquet ", " \"x ");
    let (batch, report) = scan(bytes.as_bytes(), &ScanOptions::default());
    assert_eq!((report.counts.rows, report.counts.rejects), (1, 0));
    assert_eq!(text(&batch, "anomaly", 0), Some("misaligned"));
    assert_eq!(text(&batch, "operation", 0), Some("REST.GET.OBJECT"));
    assert_eq!(text(&batch, "requester", 0), Some("arn:aws:iam::111122223333:user/reader"));
    assert_eq!(text(&batch, "raw", 0), Some(bytes.as_str()));
}

/// A million lines of invalid UTF-8: the cost of one line does not depend on the number of lines before it.
#[test]
fn rejects_that_are_not_utf8_take_linear_time() {
    let count = 500_000;
    let bytes = b"\xFF\n".repeat(count);
    let options = ScanOptions { kept_rejects: usize::MAX, ..ScanOptions::default() };
    let (_, report) = scan(&bytes, &options);
    assert_eq!(report.rejected.len(), count);
    for (at, reject) in report.rejected.iter().enumerate() {
        assert_eq!((reject.line, reject.offset), (at as u64 + 1, 2 * at as u64));
    }
}

/// Gzip members of one byte each: examining the first lines again after each of them would take long.
#[test]
fn many_small_members_take_linear_time() {
    let one = |byte: u8| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        encoder.write_all(&[byte]).unwrap();
        encoder.finish().unwrap()
    };
    let members: Vec<u8> = one(b'x').repeat(BLOCK_SIZE - 1);
    let (_, report) = scan(&[members, one(b'\n')].concat(), &ScanOptions::default());
    assert_eq!((report.counts.lines, report.counts.rejects, report.state), (1, 1, SourceState::Complete));
}

#[test]
fn the_maximum_line_length_is_exact() {
    let fill = |length: usize| {
        let short = line(1, 1, "");
        line(1, 1, &"x".repeat(length - short.len()))
    };
    let lines = [fill(MAX_LINE), fill(MAX_LINE + 1), fill(MAX_LINE - 1), line(2, 1, "b"), fill(MAX_LINE)];
    let (batch, report) = scan(lines.join("\n").as_bytes(), &ScanOptions::default());
    assert_eq!((report.counts.lines, report.counts.rows, report.counts.rejects), (5, 4, 1));
    assert_eq!(report.rejected[0].line, 2);
    let reason = format!("line of {} bytes is too long", MAX_LINE + 1);
    assert!(report.rejected[0].reason.starts_with(&reason), "{}", report.rejected[0].reason);
    assert_eq!(text(&batch, "user_agent", 2), Some("b"));
}

/// The last field of a line from 2016 is the client's version id: a carriage return before the line ending
/// may belong to it.
#[test]
fn a_carriage_return_that_may_come_from_the_client_is_marked() {
    let head = "0wner data-lake [01/May/2016:10:00:00 +0000] 198.51.100.7 - R REST.GET.OBJECT k";
    let old = |version: &str| format!("{head} \"GET /k HTTP/1.1\" 200 - 1 1 1 1 \"-\" \"a\" {version}");
    let bytes = [old("v1\r"), old("-\r"), old("v2"), line(1, 1, "a") + "\r"].join("\n");
    let (batch, _) = scan(bytes.as_bytes(), &ScanOptions::default());
    let anomalies: Vec<_> = (0..4).map(|row| text(&batch, "anomaly", row)).collect();
    assert_eq!(anomalies, [Some("ambiguous_quotes"), None, None, None]);
    assert_eq!(text(&batch, "version_id", 0), Some("v1"));
    assert_eq!(text(&batch, "raw", 0), Some(old("v1\r").as_str()), "raw keeps it");
}

#[test]
fn a_heading_is_a_blank() {
    let heading = "Record format: [BucketOwner Bucket Time RemoteIP Requester RequestID Operation Key RequestURI HTTPStatus]";
    let (batch, report) = scan([heading, &line(1, 1, "a")].join("\n").as_bytes(), &ScanOptions::default());
    let counts = report.counts;
    assert_eq!((batch.num_rows(), counts.lines, counts.blanks, counts.rejects), (1, 2, 1, 0));
    assert_eq!(report.state, SourceState::Complete);
}

#[test]
fn days_are_between_2006_and_2099() {
    let at = |time: &str| line(1, 1, "a").replace("01/May/2026:10:00:00 +0000", time);
    let times = [
        "31/Dec/9999:23:59:59 -0100",
        "01/Jan/0000:00:00:00 +0100",
        "31/Dec/2099:23:59:59 -0001",
        "31/Dec/2099:23:59:59 +0000",
        "01/Jan/2006:00:00:00 +0000",
        "01/Jan/2006:00:00:00 +0001",
        "11/Apr/2262:23:47:17 +0000",
    ];
    let text: Vec<String> = times.iter().map(|time| at(time)).collect();
    let mut block = BlockPool::new().block();
    SourceReader::over_bytes(0, text.join("\n").into_bytes()).fill(&mut block);
    let decoded = Decoder::for_files().decode(block, |_| "log").unwrap();
    let days: Vec<i32> = decoded.days.iter().map(|(day, _)| *day).collect();
    assert_eq!(days, [13_149, 47_481], "2006-01-01 and 2099-12-31");
    assert_eq!(decoded.rejects.len(), 5);
    for reject in &decoded.rejects {
        assert!(
            reject.reason.starts_with("request_time outside the years 2006 to 2099 at byte "),
            "{}",
            reject.reason
        );
    }
}
