//! Damaged, truncated and hostile files: what is read from them is correct, and the rest is reported.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{Read, Write};
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use saltmine_scan::{
    BlockPool, ReadStatus, ScanOptions, Source, SourceReader, SourceReport, SourceScan, SourceState,
    discover, logs_schema,
};

fn line(number: usize) -> String {
    format!(
        "0wner data-lake [{:02}/May/2026:10:00:00 +0000] 198.51.100.{} arn:aws:iam::111122223333:user/reader \
         {:016X} REST.GET.OBJECT part-{number}.parquet \"GET /part-{number}.parquet HTTP/1.1\" 200 - {number} 99 12 11 \
         \"-\" \"agent/{number}\" - host SigV4 TLS_AES_128_GCM_SHA256 AuthHeader h TLSv1.3 - - eu-west-1\n",
        1 + number % 28,
        number % 256,
        number.wrapping_mul(0x9E37_79B9_7F4A_7C15),
    )
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Reads bytes as a file. The batch has all columns.
fn scan(bytes: &[u8]) -> (RecordBatch, SourceReport) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, bytes).unwrap();
    let source = Source::file(path, "log".into());
    let options = ScanOptions {
        projection: Some((0..logs_schema().fields().len()).collect()),
        kept_rejects: 100,
        ..ScanOptions::default()
    };
    let mut scan = SourceScan::open(&source, &options);
    let mut batches = Vec::new();
    while let Some(batch) = scan.next_batch().unwrap() {
        batches.push(batch);
    }
    let report = scan.finish();
    let counts = report.counts;
    assert_eq!(counts.lines, counts.rows + counts.rejects + counts.blanks);
    (concat_batches(&logs_schema(), &batches).unwrap(), report)
}

/// How much text a plain decoder extracts from the beginning of a gzip file.
fn text_before(bytes: &[u8]) -> Vec<u8> {
    let (mut decoder, mut text) = (flate2::read::MultiGzDecoder::new(bytes), Vec::new());
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = decoder.read(&mut chunk) {
        text.extend_from_slice(&chunk[..count]);
    }
    text
}

/// Asserts that a gzip file truncated at `end` gives exactly the rows before the cut. `whole` contains the
/// rows of all lines, `ends` the ends of the members.
fn check_cut(bytes: &[u8], end: usize, whole: &RecordBatch, ends: &[usize]) {
    let (rows, report) = scan(&bytes[..end]);
    let text = text_before(&bytes[..end]);
    let before = memchr::memchr_iter(b'\n', &text).count();
    assert!(rows.num_rows() >= before, "cut at {end}: {} rows of {before}", rows.num_rows());
    assert_eq!(rows, whole.slice(0, rows.num_rows()), "cut at {end}");
    if ends.contains(&end) {
        assert_eq!((report.state, rows.num_rows()), (SourceState::Complete, before));
        return;
    }
    assert_eq!(report.state, SourceState::Truncated, "cut at {end}");
    assert_eq!(report.problem.unwrap().offset, Some(end as u64));
    assert!(report.counts.rejects <= 1);
    // The two decoders may buffer different amounts at the end; no more than that may be missing.
    let read: u64 = report.inflated;
    assert!(read >= text.len() as u64, "cut at {end}: {read} bytes of {}", text.len());
}

#[test]
fn a_gzip_file_truncated_at_a_thousand_places_gives_the_rows_before_the_cut() {
    let text: Vec<String> = (0..4000).map(line).collect();
    let (mut bytes, mut ends) = (Vec::new(), vec![0]);
    for lines in text.chunks(1500) {
        bytes.extend(gzip(lines.concat().as_bytes()));
        ends.push(bytes.len());
    }
    let (whole, report) = scan(&bytes);
    assert_eq!((whole.num_rows(), report.state), (4000, SourceState::Complete));
    let mut random = fastrand::Rng::with_seed(fastrand::u64(..));
    println!("seed {}", random.get_seed());
    for _ in 0..1000 {
        check_cut(&bytes, random.usize(0..bytes.len()), &whole, &ends);
    }
}

#[test]
fn a_gzip_file_truncated_at_every_byte_gives_the_rows_before_the_cut() {
    let text: Vec<String> = (0..12).map(line).collect();
    let first = gzip(text[..7].concat().as_bytes());
    let bytes = [first.clone(), gzip(text[7..].concat().as_bytes())].concat();
    let (whole, _) = scan(&bytes);
    for end in 0..bytes.len() {
        check_cut(&bytes, end, &whole, &[0, first.len()]);
    }
}

#[test]
fn a_zstd_file_truncated_at_every_byte_gives_the_rows_before_the_cut() {
    let text: Vec<String> = (0..12).map(line).collect();
    let bytes = zstd::encode_all(text.concat().as_bytes(), 1).unwrap();
    let (whole, _) = scan(&bytes);
    for end in 2..bytes.len() {
        let (rows, report) = scan(&bytes[..end]);
        assert_eq!(rows, whole.slice(0, rows.num_rows()), "cut at {end}");
        assert_eq!(report.state, SourceState::Truncated, "cut at {end}");
        assert_eq!(report.problem.unwrap().offset, Some(end as u64));
    }
}

#[test]
fn a_flipped_bit_is_reported_and_earlier_members_are_correct() {
    let text: Vec<String> = (0..60).map(line).collect();
    let first = gzip(text[..30].concat().as_bytes());
    let bytes = [first.clone(), gzip(text[30..].concat().as_bytes())].concat();
    let (whole, _) = scan(&bytes);
    for at in 0..bytes.len() {
        for bit in [0, 3, 7] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let (rows, report) = scan(&flipped);
            match report.state {
                // Some header bytes have no checksum: time, system, unused flags.
                SourceState::Complete if at >= 2 => assert_eq!(rows, whole, "byte {at}, bit {bit}"),
                // No longer a gzip file, according to its first two bytes.
                SourceState::Complete | SourceState::NotALog => {
                    assert_eq!((at < 2, rows.num_rows()), (true, 0))
                }
                state => {
                    assert_ne!(state, SourceState::Unreadable);
                    let problem = report.problem.unwrap();
                    assert!(problem.offset.unwrap() <= bytes.len() as u64);
                    if at >= first.len() {
                        assert_eq!(rows.slice(0, 30), whole.slice(0, 30), "byte {at}, bit {bit}");
                    }
                    let member = if at < first.len() { 0 } else { first.len() };
                    let expected = format!("damaged gzip member from byte {member} on");
                    // Other damage: garbage after the first member, or a premature end.
                    let other = ["continues after the end", "ends in the middle"];
                    assert!(
                        problem.message.contains(&expected)
                            || other.iter().any(|other| problem.message.contains(other)),
                        "byte {at}, bit {bit}: {}",
                        problem.message
                    );
                }
            }
        }
    }
}

#[test]
fn garbage_after_the_end_is_reported_and_changes_nothing() {
    let bytes = gzip((0..10).map(line).collect::<String>().as_bytes());
    let end = bytes.len() as u64;
    for garbage in
        [&b"garbage"[..], b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x08\x00 no header", b"\0\0\0x", line(3).as_bytes()]
    {
        let (rows, report) = scan(&[&bytes[..], garbage].concat());
        assert_eq!(rows.num_rows(), 10, "{}", garbage.escape_ascii());
        assert!(matches!(report.state, SourceState::Damaged | SourceState::Truncated));
        assert!(report.problem.unwrap().offset.unwrap() >= end);
    }
}

#[test]
fn names_do_not_determine_the_content() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..10).map(line).collect();
    std::fs::write(folder.path().join("plain.gz"), &text).unwrap();
    std::fs::write(folder.path().join("gzip.zst"), gzip(text.as_bytes())).unwrap();
    std::fs::write(folder.path().join("zstd.log"), zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
    std::fs::write(folder.path().join("archive.log"), b"PK\x03\x04 not read").unwrap();
    for source in discover(&[folder.path().to_str().unwrap().to_owned()]).unwrap() {
        let mut scan = SourceScan::open(&source, &ScanOptions::default());
        while scan.next_batch().unwrap().is_some() {}
        let report = scan.finish();
        let wanted = if source.name == "archive.log" {
            (0, SourceState::NotALog)
        } else {
            (10, SourceState::Complete)
        };
        assert_eq!((report.counts.rows, report.state), wanted, "{}", source.name);
    }
}

#[test]
fn only_a_line_feed_ends_a_line() {
    let fields = |uri: &str, agent: &str| {
        format!(
            "0wner b [01/May/2026:10:00:00 +0000] 192.0.2.1 - R REST.GET.OBJECT k \"{uri}\" 200 - 5 99 12 11 \"-\" \
             \"{agent}\" - host SigV4 C AuthHeader h TLSv1.3 - - -"
        )
    };
    let agents = [
        "nul\0nul",
        "lone\rreturn",
        "tab\tvt\u{b}ff\u{c}",
        "nel\u{85}ls\u{2028}ps\u{2029}",
        "bom\u{feff}",
        "\u{1b}[2J",
    ];
    let text: Vec<String> = agents.iter().map(|agent| fields("GET /k HTTP/1.1", agent)).collect();
    for end in ["\n", "\r\n"] {
        let (rows, report) = scan(format!("\u{feff}{}{end}", text.join(end)).as_bytes());
        let found = rows.column_by_name("user_agent").unwrap().as_string_view();
        assert_eq!(found.iter().flatten().collect::<Vec<_>>(), agents);
        let sizes = rows.column_by_name("bytes_sent").unwrap().as_primitive::<Int64Type>();
        assert!(sizes.iter().all(|size| size == Some(5)));
        assert_eq!((report.counts.rows, report.counts.lines), (6, 6));
        assert_eq!(rows.column_by_name("bucket_owner").unwrap().as_string_view().value(0), "0wner");
    }
    // A carriage return at the end of a line belongs to the line ending; one in the middle of the file ends
    // no line.
    let (rows, report) = scan(text.join("\r").as_bytes());
    assert_eq!((rows.num_rows(), report.counts.lines), (1, 1));
}

#[test]
fn binary_bytes_are_kept_verbatim() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        let garbage: Vec<u8> = (0..random.usize(1..3000)).map(|_| random.u8(..)).collect();
        let (rows, report) = scan(&garbage);
        if report.state == SourceState::Complete && rows.num_rows() == 0 {
            let lines: Vec<&[u8]> = garbage.split(|byte| *byte == b'\n').collect();
            for reject in &report.rejected {
                let line = lines[reject.line as usize - 1];
                assert_eq!(line.strip_suffix(b"\r").unwrap_or(line), reject.bytes);
                assert!(garbage[reject.offset as usize..].starts_with(&reject.bytes));
            }
        }
    }
}

#[test]
fn a_long_line_takes_no_more_memory_than_a_block_or_two() {
    /// An endless line, as a stream.
    struct Long(u64);
    impl Read for Long {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.min(out.len() as u64);
            out[..count as usize].fill(b'x');
            self.0 -= count;
            Ok(count as usize)
        }
    }
    let pool = BlockPool::new();
    let mut reader = SourceReader::over_reader(0, Box::new(Long(300 << 20)));
    let mut most = 0;
    loop {
        let mut block = pool.block();
        let filled = reader.fill(&mut block);
        most = most.max(pool.on_loan());
        if filled == ReadStatus::Done {
            break;
        }
    }
    let rejects = reader.take_rejects();
    assert_eq!((rejects.len(), rejects[0].line, rejects[0].bytes.len()), (1, 1, 64 << 10));
    assert!(rejects[0].reason.starts_with(&format!("line of {} bytes", 300 << 20)));
    assert!(most <= 16 << 20, "{most} bytes");
}

#[test]
fn a_hundred_thousand_entries_in_a_folder_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let one = logs.join("000000");
    std::fs::write(&one, line(1)).unwrap();
    // Hard links are faster to create than files; file systems allow some tens of thousands per file.
    let mut target = one.clone();
    for number in 1..100_000 {
        if number % 30_000 == 0 {
            target = logs.join(format!("{number:06}"));
            std::fs::write(&target, line(number)).unwrap();
        } else {
            std::fs::hard_link(&target, logs.join(format!("{number:06}"))).unwrap();
        }
    }
    let sources = discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
    assert_eq!(sources.len(), 100_000);
    assert!(sources.is_sorted_by(|a, b| a.name < b.name));
    assert!(Path::new(&sources[99_999].path).ends_with("099999"));
}
