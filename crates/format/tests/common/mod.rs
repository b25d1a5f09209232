//! Shared by the tests in this folder: comparable records, and parts of a line.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

pub(crate) mod json_line;
pub(crate) mod line_builder;

use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use saltmine_format::{Anomalies, Field, Fields, Record};

/// A parsed line, owned and comparable: by field, `None` for null.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) values: [Option<Vec<u8>>; Field::COUNT],
    pub(crate) extra: Option<Vec<u8>>,
    pub(crate) anomalies: Anomalies,
    pub(crate) request_time: i64,
}

impl Row {
    pub(crate) fn from_record(record: &Record<'_>) -> Row {
        Row {
            values: Field::ALL.map(|field| record.get(field).map(<[u8]>::to_vec)),
            extra: record.extra().map(<[u8]>::to_vec),
            anomalies: record.anomalies(),
            request_time: record.request_time(),
        }
    }

    pub(crate) fn get(&self, field: Field) -> Option<&[u8]> {
        self.values[field.index()].as_deref()
    }

    pub(crate) fn has(&self, anomaly: Anomalies) -> bool {
        self.anomalies.contains(anomaly)
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (field, value) in Field::ALL.iter().zip(&self.values) {
            if let Some(value) = value {
                writeln!(f, "  {:>20} {}", field.name(), value.escape_ascii())?;
            }
        }
        if let Some(extra) = &self.extra {
            writeln!(f, "  {:>20} {}", "extra", extra.escape_ascii())?;
        }
        writeln!(f, "  {:>20} {}", "anomalies", self.anomalies)
    }
}

/// Parses a line in every available way and asserts that all agree: the usual way, the grammar alone, the
/// fast path if it accepts the line, and the usual way into fields that already hold another line's values.
pub(crate) fn read(line: &[u8]) -> Result<Row, saltmine_format::LineError> {
    let usual = Record::parse(line).map(|record| Row::from_record(&record));
    let grammar = Record::parse_by_grammar(line).map(|record| Row::from_record(&record));
    assert_eq!(usual, grammar, "usual and grammar: {}", line.escape_ascii());
    if let Some(fast) = Record::parse_by_fast_path(line) {
        assert_eq!(usual.as_ref(), Ok(&Row::from_record(&fast)), "fast path: {}", line.escape_ascii());
    }
    let mut used = Record::parse(DENSE.as_bytes()).unwrap().fields().clone();
    let again = used.read(line);
    match Record::parse(line) {
        Ok(record) => assert_eq!(&used, record.fields(), "used fields: {}", line.escape_ascii()),
        Err(error) => assert_eq!(again, Err(error)),
    }
    if again.is_ok() {
        assert_in_line(&used, line);
    }
    usual
}

/// Every value lies within the line.
fn assert_in_line(fields: &Fields, line: &[u8]) {
    for span in fields.spans.iter().chain([&fields.extra]).filter(|span| !span.is_null()) {
        assert!(span.start <= span.end && span.end as usize <= line.len(), "{span:?} of {}", line.len());
    }
}

/// A line with a value in every field, and one extra field.
const DENSE: &str = r#"0a1b photos [02/Jun/2025:11:12:13 +0000] 192.0.2.1 ann R1 REST.GET.OBJECT k "GET /k HTTP/1.1" 206 Slow 1 2 3 4 "r" "a" v h SigV4 c AuthHeader b.s3 TLSv1.2 arn:aws:s3:::a Yes eu-west-1 more"#;

/// Identifiers for lines; none of them is real.
pub(crate) const OWNER: &str = "b6e0f1c2d3a495867788990a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e";
pub(crate) const HOST_ID: &str =
    "Qm9yZWFsIGdlb2xvZ2lzdHMga2VlcCBzYWx0IG1pbmVzIG9wZW4gYWxsIHdpbnRlciBsb25nIQ8=";

/// The number of cases per property; the variable `PROPTEST_CASES` overrides it. The cases are the same in
/// every run, so that a run cannot fail by chance; with `PROPTEST_CASES` they are new ones. Failures are not
/// kept in files: each becomes a test case of its own.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return ProptestConfig { failure_persistence: None, ..default };
    }
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(2006), ..default }
}
