//! Encodes each column of the table to Parquet separately.

#![allow(missing_docs, clippy::unwrap_used)]

use arrow::array::{ArrayRef, RecordBatch};
use benches::text;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use saltmine_lake::bench::encode_column;
use saltmine_scan::{BlockPool, Decoder, ReadStatus, SourceReader};

fn batches(text: Vec<u8>) -> Vec<RecordBatch> {
    let (mut decoder, pool) = (Decoder::for_files(), BlockPool::new());
    let mut reader = SourceReader::over_bytes(0, text);
    let mut batches = Vec::new();
    loop {
        let mut block = pool.block();
        let filled = reader.fill(&mut block);
        batches.push(decoder.decode(block, |_| "log").unwrap().batch);
        if filled == ReadStatus::Done {
            return batches;
        }
    }
}

fn encode(c: &mut Criterion) {
    let batches = batches(text(0..50_000));
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Elements(rows as u64)).sample_size(20);
    let schema = batches[0].schema();
    for (index, field) in schema.fields().iter().enumerate() {
        let arrays: Vec<ArrayRef> = batches.iter().map(|batch| batch.column(index).clone()).collect();
        group.bench_function(field.name(), |b| {
            b.iter(|| assert!(encode_column(field.name(), &arrays).unwrap() > 0));
        });
    }
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
