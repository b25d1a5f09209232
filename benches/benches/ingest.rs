//! End to end: logs to a dataset, and a query over raw logs.

#![allow(missing_docs, clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;

use benches::text;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use saltmine_lake::{IngestRequest, Silent, ingest};
use saltmine_scan::{ScanOptions, SourceScan, discover};

const FILES: u64 = 8;
const LINES: u64 = 20_000;

fn logs(folder: &Path) -> u64 {
    let mut bytes = 0;
    for number in 0..FILES {
        let text = text(number * LINES..(number + 1) * LINES);
        let file = std::fs::File::create(folder.join(format!("{number}.gz"))).unwrap();
        let mut encoder = GzEncoder::new(file, Compression::default());
        encoder.write_all(&text).unwrap();
        encoder.finish().unwrap();
        bytes += text.len() as u64;
    }
    bytes
}

fn end_to_end(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let bytes = logs(folder.path());
    let paths = [folder.path().to_str().unwrap().to_owned()];
    let sources = discover(&paths).unwrap();
    let mut group = c.benchmark_group("end to end");
    group.throughput(Throughput::Bytes(bytes)).sample_size(10);
    group.bench_function("ingest", |b| {
        let run = |lake: tempfile::TempDir| {
            let request = IngestRequest {
                sources: &sources,
                dataset: &lake.path().join("lake"),
                partition_by: None,
                jobs: 0,
                strict: false,
                stop: None,
            };
            let report = ingest(&request, &Silent).unwrap();
            assert_eq!(report.counts.lines, report.counts.rows);
            lake
        };
        b.iter_batched(|| tempfile::tempdir().unwrap(), run, BatchSize::PerIteration);
    });
    // On one thread: operation, bytes_sent and http_status.
    for (name, projection) in [("scan of three columns", vec![6, 11, 9]), ("scan of no column", vec![])] {
        let options = ScanOptions { projection: Some(projection), ..ScanOptions::default() };
        group.bench_function(name, |b| {
            b.iter(|| {
                for source in &sources {
                    let mut scan = SourceScan::open(source, &options);
                    while scan.next_batch().unwrap().is_some() {}
                    assert!(scan.finish().counts.rows > 0);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, end_to_end);
criterion_main!(benches);
