//! Honest datasets pass, however they were made; and the report states what was compared.

#![allow(clippy::unwrap_used)]

mod forger;

use std::fs;

use forger::{Case, copy_folder, details, failed, gzip, line};
use saltmine_lake::{CompactOptions, Outcome, PartitionBy, Table, VerifyReport, compact};
use saltmine_scan::discover;

fn lines(range: std::ops::Range<usize>) -> String {
    range.map(|number| line(number) + "\n").collect()
}

fn assert_passes(report: &VerifyReport) {
    assert_eq!(failed(report), Vec::<&str>::new(), "{}", details(report));
}

fn check<'a>(report: &'a VerifyReport, name: &str) -> &'a saltmine_lake::Check {
    report.checks.iter().find(|check| check.name == name).unwrap()
}

/// Two files of 60 lines, with one reject each, over three days.
fn case() -> Case {
    let case = Case::new();
    for file in 0..2 {
        let mut lines: Vec<String> = (0..59).map(|number| line(file * 100 + number)).collect();
        lines.insert(20, "no log line".to_owned());
        case.write(&format!("log-{file}"), lines.join("\n"));
    }
    case.ingest();
    case
}

#[test]
fn every_row_and_column_is_compared_and_counted() {
    let report = case().verify();
    assert_passes(&report);
    let compared = report.compared.as_ref().unwrap();
    assert_eq!((compared.sources, compared.copies, compared.lines), (2, 0, 120));
    assert_eq!((compared.rows, compared.columns, compared.rejects), (118, 32, 2));
    assert_eq!(check(&report, "rows_are_their_lines").examined, 118);
    assert_eq!(check(&report, "rejects_are_their_lines").examined, 2);
    assert_eq!(report.verdict, format!("Every check passed ({}).", report.checks.len() - 2));
}

#[test]
fn without_sources_it_says_that_the_rows_were_not_compared() {
    let report = case().verify_alone();
    assert_passes(&report);
    assert!(report.compared.is_none());
    assert_eq!(check(&report, "rows_are_their_lines").outcome(), Outcome::Skipped);
    assert!(
        report.verdict.ends_with("; no source was given, so the rows were NOT compared with the logs."),
        "{}",
        report.verdict
    );
    assert!(!report.verdict.contains("Every check"), "{}", report.verdict);
}

#[test]
fn copied_and_renamed_files_have_the_same_content() {
    let case = case();
    fs::copy(case.logs().join("log-0"), case.logs().join("copy")).unwrap();
    let report = case.verify();
    assert_passes(&report);
    assert_eq!(report.compared.as_ref().unwrap().copies, 1);
    // If the copy is present during the ingest, the content is also read only once.
    case.ingest();
    assert_passes(&case.verify());

    fs::remove_file(case.logs().join("copy")).unwrap();
    fs::rename(case.logs().join("log-0"), case.logs().join("renamed")).unwrap();
    let report = case.verify();
    assert_passes(&report);
    assert_eq!(report.renamed.len(), 1);
    assert_eq!((report.renamed[0].log_file.as_str(), report.renamed[0].now.as_str()), ("log-0", "renamed"));
    assert!(report.verdict.ends_with("; 1 source has been renamed since it was read."), "{}", report.verdict);
}

#[test]
fn grown_files_are_compared_before_and_after_growth() {
    for pack in [(|text: &str| text.as_bytes().to_vec()) as fn(&str) -> Vec<u8>, |text| gzip(text.as_bytes())]
    {
        let case = Case::new();
        let mut content = Vec::new();
        // The second time, the file ends in the middle of a line.
        for more in
            [lines(0..30), lines(30..40) + &line(40)[..50], line(40)[50..].to_owned() + "\n" + &lines(41..50)]
        {
            content.extend(pack(&more));
            case.write("log", &content);
            case.ingest();
        }
        let report = case.verify();
        assert_passes(&report);
        assert_eq!(report.totals.sources, 3);
        assert_eq!(report.compared.as_ref().unwrap().sources, 1);
        let rows = check(&report, "rows_are_their_lines").examined;
        assert!(rows >= 30 + 40 + 50, "{rows}");
        // Its first lines are in the dataset three times.
        compact(&case.dataset(), &CompactOptions { dedup: true, ..Default::default() }, &|| {}).unwrap();
        let report = case.verify();
        assert_passes(&report);
        assert!(report.compared.as_ref().unwrap().duplicates >= 70, "{:?}", report.compared);
        // A copy of the file in its first state does not count as another file.
        case.write("first", &content[..pack(&lines(0..30)).len()]);
        assert_passes(&case.verify());
        fs::remove_file(case.logs().join("first")).unwrap();
        fs::rename(case.logs().join("log"), case.logs().join("renamed")).unwrap();
        let report = case.verify();
        assert_passes(&report);
        assert_eq!(report.renamed.len(), 1);
    }
}

#[test]
fn a_rewritten_file_cannot_be_compared_and_does_not_pass() {
    let case = Case::new();
    case.write("log", lines(0..30));
    case.ingest();
    case.write("log", lines(5..40));
    case.ingest();
    let report = case.verify();
    assert_eq!(failed(&report), ["sources_unchanged"], "{}", details(&report));
    assert_eq!(report.unverifiable.len(), 1);
    assert_eq!(report.compared.as_ref().unwrap().unverifiable_rows, 30);
}

#[test]
fn truncated_and_damaged_sources_are_compared_as_far_as_possible_and_named_in_the_verdict() {
    let case = Case::new();
    let whole = gzip(lines(0..200).as_bytes());
    case.write("cut.gz", &whole[..whole.len() * 2 / 3]);
    case.write("whole", lines(200..210));
    case.ingest();
    let report = case.verify();
    assert_passes(&report);
    assert_eq!(
        report.verdict,
        format!(
            "Every check passed ({}); 1 source is incomplete, and the dataset has only its readable part.",
            report.checks.len() - 2
        )
    );
}

#[test]
fn other_kinds_of_files_among_the_logs_fail() {
    let case = Case::new();
    case.write("log", lines(0..10));
    case.write("logs.zip", b"PK\x03\x04 and the rest of an archive\n");
    case.ingest();
    let report = case.verify();
    assert_eq!(failed(&report), ["sources_are_logs"], "{}", details(&report));
    assert!(
        check(&report, "sources_are_logs").details[0]
            .starts_with("\"logs.zip\": not an S3 server access log")
    );
}

#[test]
fn rejects_blanks_and_bytes_that_are_not_utf8_are_compared() {
    let case = Case::new();
    let mut bytes = lines(0..5).into_bytes();
    bytes.extend(b"\n  \r\nno \xFF log\nneither\n\xEF\xBB\xBF\n");
    bytes.extend(line(6).replace("agent", "\u{e9}").into_bytes());
    bytes.extend(b"\n");
    bytes.extend(line(7).into_bytes().iter().map(|byte| if *byte == b'k' { 0xFE } else { *byte }));
    case.write("log", &bytes);
    case.ingest();
    let report = case.verify();
    assert_passes(&report);
    assert!(report.totals.blanks >= 2 && report.totals.rejects >= 2, "{:?}", report.totals);
}

#[test]
fn logs_in_json_pass() {
    let case = Case::new();
    let record = |key: &str| {
        format!(
            "{{\"schema_version_id\":\"V_1_0\",\"bucket_name\":\"vault\",\"request_time\":\"2026-05-01T10:00:00.000Z\",\
             \"bucket_owner_id\":\"0wner\",\"remote_ip\":\"198.51.100.7\",\"request_id\":\"0A\",\
             \"operation\":\"REST.GET.OBJECT\",\"key_name\":\"{key}\",\"http_status\":200}}\n"
        )
    };
    case.write("json", record("a") + &record("b\\u00e9") + "{\"no\":\n");
    case.ingest();
    let report = case.verify();
    assert_passes(&report);
    assert_eq!((report.totals.rows, report.totals.rejects), (2, 1));
}

#[test]
fn by_bucket_compacted_and_deduplicated_over_many_runs() {
    let case = Case::new();
    // More commits than between two checkpoints, so that the log is read from a checkpoint.
    for run in 0..25 {
        case.write(&format!("log-{run:02}"), lines(run * 10..run * 10 + 12) + "-\n");
        case.ingest_by(PartitionBy::BucketAndEventDate);
    }
    assert_passes(&case.verify());
    compact(&case.dataset(), &CompactOptions::default(), &|| {}).unwrap();
    assert_passes(&case.verify());
    compact(&case.dataset(), &CompactOptions { dedup: true, ..Default::default() }, &|| {}).unwrap();
    let report = case.verify();
    assert_passes(&report);
    assert_eq!(report.compared.as_ref().unwrap().duplicates, 48);
    assert_passes(&case.verify_alone());
}

#[test]
fn a_missing_or_changed_source_is_named() {
    let case = case();
    let text = fs::read_to_string(case.logs().join("log-0")).unwrap();
    case.write("log-0", text.replace("k7 ", "k8 "));
    let report = case.verify();
    assert_eq!(failed(&report), ["sources_unchanged", "sources_all_read"]);
    assert!(check(&report, "sources_unchanged").details[0].starts_with("\"log-0\": its SHA-256 is "));
    fs::remove_file(case.logs().join("log-0")).unwrap();
    let report = case.verify();
    assert_eq!(failed(&report), ["sources_unchanged"]);
    assert!(check(&report, "sources_unchanged").details[0].starts_with("\"log-0\": not among the sources"));
    assert_eq!(report.compared.as_ref().unwrap().unverifiable_rows, 60);
}

#[test]
fn a_source_that_was_never_read_is_named() {
    let case = case();
    case.write("new", line(1));
    let report = case.verify();
    assert_eq!(failed(&report), ["sources_all_read"]);
    let check = check(&report, "sources_all_read");
    assert_eq!((check.examined, check.failures), (3, 1));
    assert_eq!(
        check.details,
        [
            "\"new\": not in the dataset: give verify the time range of the ingest, and its --trust-names, or ingest this file"
        ]
    );
}

#[cfg(unix)]
#[test]
fn invalid_utf8_names_and_names_that_look_like_them_are_different() {
    use std::os::unix::ffi::OsStrExt;

    let case = Case::new();
    fs::write(case.logs().join(std::ffi::OsStr::from_bytes(b"a\xFF")), lines(0..3)).unwrap();
    case.write("a\\xFF", lines(3..7));
    case.ingest();
    let report = case.verify();
    assert_passes(&report);
    assert_eq!(report.compared.as_ref().unwrap().rows, 7);
}

#[test]
fn sources_in_several_folders_may_be_given_differently_than_for_ingest() {
    let case = case();
    fs::create_dir(case.logs().join("below")).unwrap();
    fs::rename(case.logs().join("log-1"), case.logs().join("below/log-1")).unwrap();
    let report = case.verify();
    assert_passes(&report);
    assert_eq!(report.renamed[0].now, "below/log-1");
    let paths = ["below/log-1", "log-0"].map(|name| case.logs().join(name).to_str().unwrap().to_owned());
    let sources = discover(&paths).unwrap();
    let options = saltmine_lake::VerifyOptions { sources: Some(&sources), ..Default::default() };
    assert_passes(&saltmine_lake::verify(&case.dataset(), &options).unwrap());
}

#[test]
fn a_changed_byte_of_any_parquet_file_is_found() {
    for table in [Table::Logs, Table::Rejects, Table::Sources] {
        let case = case();
        let path = case.dataset().files(table).unwrap().remove(0).path;
        let whole = fs::read(&path).unwrap();
        for at in [0, whole.len() / 3, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x20;
            fs::write(&path, bytes).unwrap();
            assert!(failed(&case.verify()).contains(&"files_unchanged"), "{table:?} {at}");
        }
    }
}

#[test]
fn a_dataset_moved_with_its_logs_passes() {
    let (case, moved) = (case(), Case::new());
    copy_folder(&case.logs(), &moved.logs());
    copy_folder(&case.path(), &moved.path());
    assert_passes(&moved.verify());
    let (one, two) = (case.verify(), moved.verify());
    assert_eq!((one.sources_fingerprint, one.tables), (two.sources_fingerprint, two.tables));
}
