//! The parquet crate reads what the encoder writes.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Scalar};
use arrow::array::{
    ArrayRef, Int16Array, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray,
};
use arrow::compute::kernels::cmp::{gt_eq, lt_eq};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::DataType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use saltmine_scan::logs_schema;
use tempfile::TempDir;

use super::support::{batch_with, parquet_batches};
use crate::Partition;
use crate::encode::Encoder;

type Random = fastrand::Rng;

/// Optional values: some nulls, or none.
fn values<T>(rows: usize, random: &mut Random, value: impl Fn(&mut Random) -> T) -> Vec<Option<T>> {
    let nulls = if random.bool() { 0 } else { random.u8(1..) };
    (0..rows).map(|_| (random.u8(..) >= nulls).then(|| value(random))).collect()
}

/// Columns of each kind, with values that are difficult for it.
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
fn written_values_are_read_back() {
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
fn mostly_distinct_numbers_have_no_dictionary() {
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

/// A client chooses how long its texts are, and that each differs: they do not collect in a dictionary.
#[test]
fn a_dictionary_of_long_texts_ends_before_it_grows_large() {
    let folder = TempDir::new().unwrap();
    let encoder = Encoder::new().unwrap();
    let mut group = encoder.row_group().unwrap();
    let (rows, length) = (200, 100_000);
    // Of columns that begin with a dictionary: a requester is one.
    let texts = (0..rows).map(|row| Some(format!("{row:08}{}", "r".repeat(length))));
    let texts: ArrayRef = Arc::new(StringViewArray::from_iter(texts));
    group.write(&[batch_with(logs_schema(), rows, vec![("requester", texts)])]).unwrap();
    let path = folder.path().join("a.parquet");
    let mut part = encoder.part(path.clone(), Partition { event_date: 0, bucket: None }).unwrap();
    part.append(group.close().unwrap()).unwrap();
    part.finish().unwrap();

    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let row_group = reader.get_row_group(0).unwrap();
    let columns = reader.metadata().row_group(0).columns();
    let column = columns.iter().position(|column| column.column_path().string() == "requester").unwrap();
    let mut pages = row_group.get_column_page_reader(column).unwrap();
    let first = pages.get_next_page().unwrap().unwrap();
    assert!(matches!(first, Page::DictionaryPage { .. }), "it begins with a dictionary");
    // A small part of 20 MB: the texts up to the end of the first page.
    assert!(first.buffer().len() < 4 << 20, "{} bytes in the dictionary", first.buffer().len());
    let read = parquet_batches(&path);
    let read = concat_batches(&read[0].schema(), &read).unwrap();
    let read = cast(read.column_by_name("requester").unwrap(), &DataType::Utf8).unwrap();
    assert!(read.as_string::<i32>().iter().flatten().all(|text| text.len() == length + 8));
    assert_eq!(read.len(), rows);
}

/// Writes rows as one file of several row groups, with our encoder or with the library's writer.
fn written(rows: &[RecordBatch], ours: bool, path: &std::path::Path) {
    if ours {
        return crate::bench::encode_file(rows, path).unwrap();
    }
    let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let file = File::create_new(path).unwrap();
    let mut writer = ArrowWriter::try_new_with_options(file, rows[0].schema(), options).unwrap();
    rows.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.close().unwrap();
}

/// A reader that skips pages and row groups by statistics and bloom filters must still find every value: a
/// bound that is too narrow, or a filter that lacks a value, loses rows in every engine, without an error.
#[test]
fn every_value_is_found_with_pruning_as_in_the_librarys_file() {
    let folder = TempDir::new().unwrap();
    let mut random = Random::with_seed(5);
    let rows: Vec<RecordBatch> = (0..50).map(|_| batch(random.usize(2_000..4_000), &mut random)).collect();
    let (ours, library) = (folder.path().join("ours.parquet"), folder.path().join("library.parquet"));
    written(&rows, true, &ours);
    written(&rows, false, &library);
    let values = |path| {
        let batches = parquet_batches(path);
        concat_batches(&batches[0].schema(), &batches).unwrap()
    };
    let (all, same) = (values(&ours), values(&library));
    assert!(all == same, "both files hold the same rows");

    let file = File::open(&ours).unwrap();
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let metadata = ArrowReaderMetadata::load(&file, options).unwrap();
    let metadata = metadata.metadata();
    assert!(metadata.num_row_groups() > 1);
    let with_filters = ReaderProperties::builder().set_read_bloom_filter(true).build();
    let options = ReadOptionsBuilder::new().with_reader_properties(with_filters).build();
    let reader = SerializedFileReader::new_with_options(file, options).unwrap();
    let descr = metadata.file_metadata().schema_descr();
    let schema = parquet_to_arrow_schema(descr, None).unwrap();
    let mut checked = 0;
    for (index, field) in schema.fields().iter().enumerate() {
        let column = all.column_by_name(field.name()).unwrap();
        let converter = StatisticsConverter::try_new(field.name(), &schema, descr).unwrap();
        let groups = metadata.row_groups();
        let (mins, maxes) =
            (converter.row_group_mins(groups).unwrap(), converter.row_group_maxes(groups).unwrap());
        let nulls = converter.row_group_null_counts(groups).unwrap();
        let mut begin = 0;
        for (number, group) in groups.iter().enumerate() {
            let here = column.slice(begin, group.num_rows() as usize);
            begin += group.num_rows() as usize;
            assert!(
                nulls.is_null(number) || nulls.value(number) == here.null_count() as u64,
                "{}",
                field.name()
            );
            within(&here, &mins.slice(number, 1), &maxes.slice(number, 1), field.name());
            let filter = reader.get_row_group(number).unwrap();
            if let Some(filter) = filter.get_column_bloom_filter(index) {
                let texts = cast(&here, &DataType::Utf8).unwrap();
                assert!(
                    texts.as_string::<i32>().iter().flatten().all(|text| filter.check(&text)),
                    "{}",
                    field.name()
                );
                checked += 1;
            }
        }
        let (index, offsets) = (metadata.column_index().unwrap(), metadata.offset_index().unwrap());
        let numbers: Vec<usize> = (0..groups.len()).collect();
        let mins = converter.data_page_mins(index, offsets, &numbers).unwrap();
        let maxes = converter.data_page_maxes(index, offsets, &numbers).unwrap();
        let counts = converter.data_page_row_counts(offsets, groups, &numbers).unwrap().unwrap();
        let mut begin = 0;
        for page in 0..counts.len() {
            let here = column.slice(begin, counts.value(page) as usize);
            begin += here.len();
            within(&here, &mins.slice(page, 1), &maxes.slice(page, 1), field.name());
        }
        assert_eq!(begin, column.len(), "{}", field.name());
    }
    assert!(checked >= 8, "bloom filters of four columns in each row group");
}

/// Bounds, if present, include all values.
fn within(values: &dyn Array, min: &ArrayRef, max: &ArrayRef, name: &str) {
    let bounded =
        |bound: &ArrayRef| (!bound.is_null(0)).then(|| Scalar::new(cast(bound, values.data_type()).unwrap()));
    if let Some(min) = bounded(min) {
        assert_eq!(gt_eq(&values, &min).unwrap().false_count(), 0, "{name}: a value below the minimum");
    }
    if let Some(max) = bounded(max) {
        assert_eq!(lt_eq(&values, &max).unwrap().false_count(), 0, "{name}: a value above the maximum");
    }
}
