//! Decodes any bytes as lines: the arrays pass Arrow's full validation, the columns match the parser, and
//! each line is a row, a reject or blank. Run it under AddressSanitizer, which watches the unsafe views.
#![no_main]

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use libfuzzer_sys::fuzz_target;
use saltmine_format::{Anomalies, Field, JsonRecord, Record, json_start, lines};
use saltmine_scan::{BlockPool, Column, Decoded, Decoder, ReadStatus, Order, SourceReader, escape};

/// Allocating a block takes longer than everything else.
static POOL: LazyLock<Arc<BlockPool>> = LazyLock::new(BlockPool::new);

fuzz_target!(|input: &[u8]| {
    // Two sources in one block, split where the input says.
    let Some((at, text)) = input.split_first() else { return };
    let (first, second) = text.split_at(usize::from(*at) * text.len() / 255);
    let Some(by_line) = decode(first, second, Decoder::new(0..Column::COUNT, Order::Lines)) else { return };
    let Some(by_day) = decode(first, second, Decoder::for_files()) else { return };
    for decoded in [&by_line, &by_day] {
        for column in decoded.batch.columns() {
            column.to_data().validate_full().expect("valid arrays");
        }
        let counted: u64 = decoded.counts.iter().map(|(_, counts)| counts.rows).sum();
        assert_eq!(counted, decoded.batch.num_rows() as u64);
        for (_, counts) in &decoded.counts {
            assert_eq!(counts.lines, counts.rows + counts.rejects + counts.blanks);
        }
    }
    assert_eq!(by_line.rejects, by_day.rejects);
    let days: usize = by_day.days.iter().map(|(_, range)| range.len()).sum();
    assert_eq!((days, by_day.batch.num_rows()), (by_line.batch.num_rows(), by_line.batch.num_rows()));
    compare(&[first, second], &by_line.batch);
    // Reading every byte of every value detects a view that points outside its buffer.
    by_day.batch.columns().iter().for_each(|column| touch(column));
});

fn decode(first: &[u8], second: &[u8], mut decoder: Decoder) -> Option<Decoded> {
    let mut block = POOL.block();
    for (number, bytes) in [first, second].into_iter().enumerate() {
        let filled = SourceReader::over_bytes(number, bytes.to_vec()).fill(&mut block);
        assert_eq!(filled, ReadStatus::Done);
    }
    // Other kinds of files, and compressed ones, have another text.
    let is_plain = block.bytes() == [first, second].concat();
    is_plain.then(|| decoder.decode(block, |source| ["one", "two"][source]).expect("valid arrays"))
}

/// Each row matches the parser's result for its line.
fn compare(sources: &[&[u8]], batch: &RecordBatch) {
    let mut row = 0;
    for (name, source) in ["one", "two"].into_iter().zip(sources) {
        for (number, line) in lines(source).enumerate() {
            let Some((values, anomalies)) = read(line.bytes, number == 0) else { continue };
            for (field, value) in FIELDS.into_iter().zip(values) {
                let column = batch.column(field.index()).as_string_view();
                let found = column.is_valid(row).then(|| column.value(row).as_bytes());
                assert_eq!(found, value.as_deref(), "{}", field.name());
            }
            let is_odd = !anomalies.is_empty() || matches!(escape(line.bytes), std::borrow::Cow::Owned(_));
            assert_eq!(batch.column(Column::Anomaly.index()).is_valid(row), is_odd);
            assert_eq!(batch.column(Column::LogFile.index()).as_string_view().value(row), name);
            let found = batch.column(Column::LogLine.index()).as_primitive::<Int64Type>().value(row);
            assert_eq!(found, number as i64 + 1);
            row += 1;
        }
    }
    assert_eq!(row, batch.num_rows());
}

const FIELDS: [Field; 5] =
    [Field::Bucket, Field::Key, Field::RequestUri, Field::UserAgent, Field::HostId];

/// Values and anomalies according to the parser alone.
fn read(line: &[u8], is_first: bool) -> Option<([Option<Vec<u8>>; 5], Anomalies)> {
    let text = escape(line);
    let text = if is_first { text.strip_prefix('\u{feff}').unwrap_or(&text) } else { &text };
    if json_start(text.as_bytes()).is_none() {
        let record = Record::parse(text.as_bytes()).ok()?;
        return Some((FIELDS.map(|field| record.get(field).map(<[u8]>::to_vec)), record.anomalies()));
    }
    // JSON requires the backslash itself to be escaped.
    let mut escaped = String::new();
    for chunk in line.utf8_chunks() {
        escaped.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| escaped.push_str(&format!("\\\\x{byte:02X}")));
    }
    let record = JsonRecord::parse(escaped.as_bytes()).ok()?;
    Some((FIELDS.map(|field| record.get(field).map(<[u8]>::to_vec)), record.anomalies()))
}

fn touch(column: &dyn Array) {
    let Some(text) = column.as_string_view_opt() else { return };
    std::hint::black_box(text.iter().flatten().flat_map(str::bytes).fold(0_u8, u8::wrapping_add));
}
