//! Compares saltmine's own code with the libraries it could use instead: the Parquet encoder with
//! `ArrowWriter`, the S3 reader with `object_store`, `count(DISTINCT text)` with DataFusion's. Run it with
//! `scripts/bench-library`.
//!
//! Each variant runs in a separate process, so that its peak memory can be read from the system.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use benches::text;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{BloomFilterPosition, WriterProperties};
use saltmine_lake::bench::{LOOKUP_COLUMNS, ROW_GROUP_ROWS, UNIQUE_COLUMNS, encode_file};
use saltmine_query::datafusion::datasource::MemTable;
use saltmine_query::datafusion::prelude::SessionContext;
use saltmine_s3::object_store::{self, ObjectStoreExt, aws::AmazonS3Builder, path::Path};
use saltmine_s3::{Body, Bucket, Object, Prefetcher};
use saltmine_scan::{BlockPool, Decoder, ReadStatus, SourceReader};

/// Runs of each variant; the median is printed.
const RUNS: usize = 5;
const LINES: u64 = 400_000;

/// The measurements of a variant.
struct Measured {
    seconds: f64,
    bytes: u64,
}

/// Pairs of variants: saltmine's and the library's.
const PAIRS: [(&str, &str, &str); 3] = [
    ("Parquet, 400,000 rows on one thread", "encode-saltmine", "encode-ArrowWriter"),
    ("S3, 20,000 objects", "s3-saltmine", "s3-object_store"),
    ("count(DISTINCT key), 200,000 groups", "distinct-saltmine", "distinct-DataFusion"),
];

fn main() {
    let variant = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    if let Some(variant) = variant {
        let measured = run(&variant);
        println!("{} {} {}", measured.seconds, measured.bytes, peak_kb());
        return;
    }
    println!("| | variant | s | MB | peak memory, MB |\n|---|---|---:|---:|---:|");
    for (what, ours, library) in PAIRS {
        let server = ours.starts_with("s3").then(Server::start);
        let endpoint = server.as_ref().map_or("", |server| &server.endpoint);
        for variant in [ours, library] {
            let mut runs: Vec<[f64; 3]> = (0..RUNS).map(|_| child(variant, endpoint)).collect();
            runs.sort_by(|a, b| a[0].total_cmp(&b[0]));
            let [seconds, bytes, peak] = runs[RUNS / 2];
            println!("| {what} | {variant} | {seconds:.2} | {:.1} | {:.0} |", bytes / 1e6, peak / 1e3);
        }
    }
}

fn child(variant: &str, endpoint: &str) -> [f64; 3] {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(variant).env("AWS_ENDPOINT_URL", endpoint).env("AWS_ALLOW_HTTP", "true");
    command
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "us-east-1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{variant}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// Peak resident memory of this process in kB.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn run(variant: &str) -> Measured {
    match variant {
        "encode-saltmine" => encode(|batches, path| encode_file(batches, path).unwrap()),
        "encode-ArrowWriter" => encode(arrow_writer),
        "s3-saltmine" => s3_ours(),
        "s3-object_store" => s3_library(),
        "distinct-saltmine" => distinct(true),
        "distinct-DataFusion" => distinct(false),
        _ => panic!("unknown variant {variant}"),
    }
}

fn batches(lines: u64) -> Vec<RecordBatch> {
    let (mut decoder, pool) = (Decoder::for_files(), BlockPool::new());
    let mut reader = SourceReader::over_bytes(0, text(0..lines));
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

fn encode(write: impl Fn(&[RecordBatch], &std::path::Path)) -> Measured {
    let batches = batches(LINES);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.parquet");
    let start = Instant::now();
    write(&batches, &path);
    Measured { seconds: start.elapsed().as_secs_f64(), bytes: path.metadata().unwrap().len() }
}

/// The library's writer, configured to write the same as ours: row groups of the same size, zstd, no
/// dictionary for columns without repeats, bloom filters for the same columns.
fn arrow_writer(batches: &[RecordBatch], path: &std::path::Path) {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_bloom_filter_position(BloomFilterPosition::AfterRowGroup);
    for name in UNIQUE_COLUMNS {
        properties = properties.set_column_dictionary_enabled(name.into(), false);
    }
    for name in LOOKUP_COLUMNS {
        properties = properties.set_column_bloom_filter_enabled(name.into(), true);
    }
    let options =
        ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
    let file = File::create_new(path).unwrap();
    let mut writer = ArrowWriter::try_new_with_options(file, batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
}

const OBJECTS: u64 = 20_000;

fn key(number: u64) -> String {
    format!("log-{number:06}")
}

/// Runs `crates/s3/examples/folder-server.rs` over a folder of small objects.
struct Server {
    _folder: tempfile::TempDir,
    process: Child,
    endpoint: String,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let content = text(0..20);
        for number in 0..OBJECTS {
            std::fs::write(folder.path().join(key(number)), &content).unwrap();
        }
        let program = std::env::var_os("FOLDER_SERVER").expect("FOLDER_SERVER; run scripts/bench-library");
        let mut command = Command::new(program);
        let mut process = command.arg(folder.path()).arg("0").stdout(Stdio::piped()).spawn().unwrap();
        let mut endpoint = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut endpoint).unwrap();
        Self { _folder: folder, process, endpoint: endpoint.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it may have ended already
    }
}

fn s3_ours() -> Measured {
    let bucket = Bucket::open("logs").unwrap();
    let size = text(0..20).len() as u64;
    let objects = (0..OBJECTS).map(|number| {
        (number as usize, Object { bucket: Arc::clone(&bucket), key: key(number), size, etag: None })
    });
    let start = Instant::now();
    let ahead = Prefetcher::start(objects.collect()).unwrap();
    let bytes = (0..OBJECTS as usize).map(|index| match ahead.take(index).unwrap() {
        Body::Whole { content, .. } => content.len() as u64,
        Body::Large(_) => unreachable!("small objects"),
    });
    let bytes = bytes.sum();
    Measured { seconds: start.elapsed().as_secs_f64(), bytes }
}

fn s3_library() -> Measured {
    let store = AmazonS3Builder::from_env().with_bucket_name("logs").build().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let start = Instant::now();
    let bytes = runtime.block_on(async {
        let store = &store;
        let got = futures::stream::iter(0..OBJECTS).map(|number| async move {
            let found = store.get(&Path::from(key(number))).await?;
            Ok::<_, object_store::Error>(found.bytes().await?.len() as u64)
        });
        got.buffered(64).try_fold(0, |sum, bytes| async move { Ok(sum + bytes) }).await.unwrap()
    });
    Measured { seconds: start.elapsed().as_secs_f64(), bytes }
}

/// Few distinct values in each of many groups, as in a query by principal, IP address and hour.
fn distinct(ours: bool) -> Measured {
    let schema = Arc::new(Schema::new(vec![
        Field::new("who", DataType::Utf8View, false),
        Field::new("key", DataType::Utf8View, false),
    ]));
    let batches: Vec<RecordBatch> = (0..125_u64)
        .map(|batch| {
            let rows = batch * 8_000..(batch + 1) * 8_000;
            let who = StringArray::from_iter_values(rows.clone().map(|row| format!("session-{}", row / 5)));
            let keys =
                StringArray::from_iter_values(rows.map(|row| format!("data/part-{:08}", row % 700_001)));
            let view = |array: &StringArray| cast(array, &DataType::Utf8View).unwrap();
            RecordBatch::try_new(Arc::clone(&schema), vec![view(&who), view(&keys)]).unwrap()
        })
        .collect();
    let context = SessionContext::new();
    if ours {
        saltmine_query::functions::register_all(&context);
    }
    context.register_table("t", Arc::new(MemTable::try_new(schema, vec![batches]).unwrap())).unwrap();
    let sql = "SELECT sum(n) FROM (SELECT who, count(DISTINCT key) AS n FROM t GROUP BY who)";
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let start = Instant::now();
    let answer = runtime.block_on(async { context.sql(sql).await.unwrap().collect().await.unwrap() });
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(answer.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
    Measured { seconds, bytes: 0 }
}
