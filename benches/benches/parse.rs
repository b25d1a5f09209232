//! Lines to fields, and lines to columns, against the pattern of AWS's Athena table in the `regex` crate.

#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use regex::bytes::Regex;
use saltmine_format::{Fields, Record, lines};
use saltmine_scan::{BlockPool, Column, Decoder, Order, SourceReader};

/// The fields as AWS's page on querying access logs with Athena parts them.
const AWS_PATTERN: &str = r#"([^ ]*) ([^ ]*) \[(.*?)\] ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ("[^"]*"|-) (-|[0-9]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ("[^"]*"|-) ([^ ]*)(?: ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*))?.*$"#;

/// About two thousand common lines, each different.
fn text() -> Vec<u8> {
    let line = |number: u64| {
        let id = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        format!(
            "79a5{id:060x} data-lake-{} [{:02}/May/2026:{:02}:{:02}:{:02} +0000] 198.51.{}.{} \
             arn:aws:sts::111122223333:assumed-role/etl/session-{} {id:016X} REST.GET.OBJECT \
             tables/events/dt%253D2026-05-{:02}/part-{number:05}-{id:016x}.snappy.parquet \"GET \
             /tables/events/dt%3D2026-05-{:02}/part-{number:05}-{id:016x}.snappy.parquet?x-id=GetObject HTTP/1.1\" 206 - \
             {} {} {} {} \"-\" \"aws-sdk-java/2.25.{} Linux/5.10 OpenJDK_64-Bit_Server_VM/17.0.9 Java/17 cfg/retry-mode/standard\" - \
             {id:016x}{id:016X}{id:016x}{id:016X}{id:012x}= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader \
             data-lake.s3.eu-west-1.amazonaws.com TLSv1.3 - - eu-west-1\n",
            number % 8,
            1 + number % 28,
            number % 24,
            number % 60,
            number % 59,
            number % 256,
            id % 256,
            number % 40,
            1 + number % 28,
            1 + number % 28,
            id % 9_999_999,
            id % 99_999_999,
            id % 997,
            id % 499,
            number % 90,
        )
    };
    (0..2000).flat_map(|number| line(number).into_bytes()).collect()
}

fn parse(c: &mut Criterion) {
    let text = text();
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
    let text = text();
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
                    if filled == saltmine_scan::Filled::Done {
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
