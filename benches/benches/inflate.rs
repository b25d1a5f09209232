//! Decompresses a gzip file: flate2 as built here, flate2's reader, and libdeflate, which needs the whole
//! file at once.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::io::Write;

use benches::text;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flate2::write::GzEncoder;
use flate2::{Compression, Decompress, FlushDecompress};
use saltmine_scan::{BlockPool, ReadStatus, SourceReader};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn inflate(c: &mut Criterion) {
    for (name, lines) in [("20 lines", 0..20), ("20,000 lines", 0..20_000)] {
        let text = text(lines);
        let bytes = gzip(&text);
        let mut group = c.benchmark_group("inflate");
        group.throughput(Throughput::Bytes(text.len() as u64));
        let mut out = vec![0; text.len() + 1];
        group.bench_function(BenchmarkId::new("flate2", name), |b| {
            let mut decoder = Decompress::new_gzip(15);
            b.iter(|| {
                decoder.reset(true);
                decoder.decompress(&bytes, &mut out, FlushDecompress::Finish).unwrap();
                assert_eq!(decoder.total_out(), text.len() as u64);
            });
        });
        group.bench_function(BenchmarkId::new("libdeflate", name), |b| {
            let mut decoder = libdeflater::Decompressor::new();
            b.iter(|| assert_eq!(decoder.gzip_decompress(&bytes, &mut out).unwrap(), text.len()));
        });
        group.bench_function(BenchmarkId::new("blocks of lines", name), |b| {
            let pool = BlockPool::new();
            b.iter(|| {
                let mut reader = SourceReader::over_bytes(0, bytes.clone());
                loop {
                    let mut block = pool.block();
                    let filled = reader.fill(&mut block);
                    black_box(&block);
                    if filled == ReadStatus::Done {
                        break;
                    }
                }
                assert_eq!(reader.inflated(), text.len() as u64);
            });
        });
        group.finish();
    }
}

criterion_group!(benches, inflate);
criterion_main!(benches);
