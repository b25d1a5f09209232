//! What is encoded is read, by the parquet crate.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int16Array, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray,
};
use arrow::compute::{cast, concat_batches};
use parquet::basic::Encoding;
use parquet::file::reader::{FileReader, SerializedFileReader};
use saltmine_scan::logs_schema;
use tempfile::TempDir;

use super::support::{batch_with, parquet_batches};
use crate::Partition;
use crate::encode::Encoder;

type Random = fastrand::Rng;

/// Some nulls, or none.
fn values<T>(rows: usize, random: &mut Random, value: impl Fn(&mut Random) -> T) -> Vec<Option<T>> {
    let nulls = if random.bool() { 0 } else { random.u8(1..) };
    (0..rows).map(|_| (random.u8(..) >= nulls).then(|| value(random))).collect()
}

/// Columns of each kind, with values that are hard for it.
fn batch(rows: usize, random: &mut Random) -> RecordBatch {
    let texts = |random: &mut Random, text: fn(&mut Random) -> String| -> ArrayRef {
        Arc::new(StringViewArray::from_iter(values(rows, random, text)))
    };
    let numbers = |random: &mut Random, number: fn(&mut Random) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter(values(rows, random, number)))
    };
    let times = values(rows, random, |random| match random.u8(..) {
        0 => *random.choice(&[i64::MIN, i64::MAX, 0]).unwrap(),
        _ => 1_772_323_200_000_000 + 1_000_000 * random.i64(0..90_000),
    });
    let status = values(rows, random, |random| *random.choice(&[200, 206, 404, i16::MIN, i16::MAX]).unwrap());
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("request_time", Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"))),
        ("http_status", Arc::new(Int16Array::from(status))),
        ("object_size", numbers(random, |random| random.i64(..))),
        ("bytes_sent", numbers(random, |random| random.i64(0..5000) * random.i64(0..2))),
        ("total_time", numbers(random, |random| random.i64(0..40))),
        ("operation", texts(random, |random| format!("REST.{}", random.u8(0..60)))),
        ("remote_ip", texts(random, |random| format!("{:x}", random.u128(..)))),
        ("host_id", texts(random, |random| "x".repeat(random.usize(..3) * 44))),
        ("key", texts(random, |random| format!("data/{}", "k".repeat(random.usize(..400))))),
    ];
    batch_with(logs_schema(), rows, columns)
}

#[test]
fn what_is_written_is_read() {
    let folder = TempDir::new().unwrap();
    let encoder = Encoder::new().unwrap();
    let mut random = Random::with_seed(11);
    for rows in [1, 2, 3, 130, 4095, 4096, 4097, 8192, 30_000] {
        let mut group = encoder.row_group().unwrap();
        let mut written = Vec::new();
        while group.rows() < rows {
            let some = random.usize(1..=(rows - group.rows()).min(3000));
            written.push(batch(some, &mut random));
            group.write(&written[written.len() - 1..]).unwrap();
        }
        let path = folder.path().join(format!("{rows}.parquet"));
        let mut part = encoder.part(path.clone(), Partition { event_date: 0, bucket: None }).unwrap();
        part.append(group.close().unwrap()).unwrap();
        part.finish().unwrap();

        let written = concat_batches(&logs_schema(), &written).unwrap();
        let read = parquet_batches(&path);
        let read = concat_batches(&read[0].schema(), &read).unwrap();
        for (field, column) in logs_schema().fields().iter().zip(written.columns()) {
            let read = cast(read.column_by_name(field.name()).unwrap(), column.data_type()).unwrap();
            assert!(*column == read, "{} of {rows} rows", field.name());
        }
    }
}

#[test]
fn numbers_that_mostly_differ_have_no_dictionary() {
    let folder = TempDir::new().unwrap();
    let encoder = Encoder::new().unwrap();
    let mut group = encoder.row_group().unwrap();
    let path = folder.path().join("a.parquet");
    group.write(&[batch(30_000, &mut Random::with_seed(1))]).unwrap();
    let mut part = encoder.part(path.clone(), Partition { event_date: 0, bucket: None }).unwrap();
    part.append(group.close().unwrap()).unwrap();
    part.finish().unwrap();

    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let columns = reader.metadata().row_group(0).columns();
    let is_encoded_so = |name: &str, encoding: Encoding| {
        let column = columns.iter().find(|column| column.column_path().string() == name).unwrap();
        column.encodings().any(|other| other == encoding)
    };
    assert!(is_encoded_so("object_size", Encoding::DELTA_BINARY_PACKED));
    assert!(!is_encoded_so("object_size", Encoding::RLE_DICTIONARY));
    for name in ["http_status", "bytes_sent", "total_time"] {
        assert!(is_encoded_so(name, Encoding::RLE_DICTIONARY), "{name}");
        assert!(!is_encoded_so(name, Encoding::DELTA_BINARY_PACKED), "{name}");
    }
}
