//! Lines to fields and lines to columns, compared with the pattern of AWS's Athena table in the `regex`
//! crate.

#![allow(missing_docs, clippy::unwrap_used)]

use benches::text;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use regex::bytes::Regex;
use saltmine_format::{Fields, Record, lines};
use saltmine_scan::{BlockPool, Column, Decoder, Order, SourceReader};

/// Enough lines to exceed the L1 cache.
const LINES: std::ops::Range<u64> = 0..2000;

/// The fields as split by the pattern on AWS's page about querying access logs with Athena.
const AWS_PATTERN: &str = r#"([^ ]*) ([^ ]*) \[(.*?)\] ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ("[^"]*"|-) (-|[0-9]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ("[^"]*"|-) ([^ ]*)(?: ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*))?.*$"#;

fn parse(c: &mut Criterion) {
    let text = text(LINES);
    let count = lines(&text).count();
    let mut group = c.benchmark_group("parse");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("split lines", |b| b.iter(|| assert_eq!(lines(&text).count(), count)));
    group.bench_function("fields", |b| {
        let mut fields = Fields::EMPTY;
        b.iter(|| assert_eq!(lines(&text).filter(|line| fields.read(line.bytes).is_ok()).count(), count));
    });
    group.bench_function("fields by the grammar", |b| {
        b.iter(|| {
            assert_eq!(
                lines(&text).filter(|line| Record::parse_by_grammar(line.bytes).is_ok()).count(),
                count
            )
        });
    });
    group.sample_size(10);
    group.bench_function("AWS's pattern", |b| {
        let regex = Regex::new(AWS_PATTERN).unwrap();
        let mut places = regex.capture_locations();
        b.iter(|| {
            let read = lines(&text).filter(|line| regex.captures_read(&mut places, line.bytes).is_some());
            assert_eq!(read.count(), count);
        });
    });
    group.finish();
}

fn columns(c: &mut Criterion) {
    let text = text(LINES);
    let count = lines(&text).count();
    let mut group = c.benchmark_group("columns");
    group.throughput(Throughput::Bytes(text.len() as u64));
    let three = vec![6, 11, 9]; // operation, bytes_sent, http_status
    for (name, projection) in [("all", (0..Column::FILE_COUNT).collect()), ("three", three), ("none", vec![])]
    {
        let mut decoder = Decoder::new(projection, Order::Lines);
        let pool = BlockPool::new();
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut reader = SourceReader::over_bytes(0, text.clone());
                let mut rows = 0;
                loop {
                    let mut block = pool.block();
                    let filled = reader.fill(&mut block);
                    rows += decoder.decode(block, |_| "log").unwrap().batch.num_rows();
                    if filled == saltmine_scan::ReadStatus::Done {
                        break;
                    }
                }
                assert_eq!(rows, count);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parse, columns);
criterion_main!(benches);
