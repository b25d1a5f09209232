//! The statistics of a file in the Delta log, taken from the file's own metadata.

use chrono::DateTime;
use parquet::basic::LogicalType;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::statistics::Statistics;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Columns with a range that readers can use to skip a file. Text that clients choose freely stays out of the
/// log: it prunes nothing, and may contain data that its owner does not want copied.
const RANGED_COLUMNS: [&str; 14] = [
    "request_time",
    "bucket",
    "operation",
    "requester",
    "remote_ip",
    "http_status",
    "error_code",
    "bytes_sent",
    "object_size",
    "total_time",
    "log_file",
    "log_line",
    "first_time",
    "last_time",
];

/// Maximum length of text in the log, in characters.
const MAX_TEXT_CHARS: usize = 32;

/// Lowest or highest value of a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    Number(i64),
    /// Microseconds since 1970.
    Time(i64),
    Text(Vec<u8>),
}

/// The range and nulls of a column in a file.
struct ColumnRange {
    nulls: Option<i64>,
    bounds: Option<(Bound, Bound)>,
}

/// The part of a file's footer that is kept until the file is committed. The footer itself is many times as large, and
/// a round may have thousands of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footer {
    pub(crate) rows: u64,
    /// For the Delta log, as JSON text.
    pub(crate) statistics: String,
}

impl Footer {
    /// From a file's metadata.
    pub fn from_metadata(metadata: &ParquetMetaData) -> Self {
        let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default();
        Self { rows, statistics: statistics_json(metadata) }
    }
}

/// The statistics of a file as the JSON text of an `add` action: the number of rows, and for each column with
/// statistics its nulls, lowest and highest value. Times are rounded outwards to milliseconds; long texts are
/// truncated to a prefix for the lower bound and increased for the upper bound, so the true values are always
/// within.
pub(crate) fn statistics_json(metadata: &ParquetMetaData) -> String {
    let (mut min, mut max, mut nulls) = (Map::new(), Map::new(), Map::new());
    for (index, column) in metadata.file_metadata().schema_descr().columns().iter().enumerate() {
        let name = column.name();
        let range = column_range(metadata, index);
        if let Some(count) = range.nulls {
            nulls.insert(name.to_owned(), json!(count));
        }
        if let Some((low, high)) = range.bounds.filter(|_| RANGED_COLUMNS.contains(&name))
            && let (Some(low), Some(high)) = (lower(low), upper(high))
        {
            min.insert(name.to_owned(), low);
            max.insert(name.to_owned(), high);
        }
    }
    let rows = metadata.file_metadata().num_rows();
    json!({"numRecords": rows, "minValues": min, "maxValues": max, "nullCount": nulls}).to_string()
}

fn column_range(metadata: &ParquetMetaData, index: usize) -> ColumnRange {
    let mut range = ColumnRange { nulls: Some(0), bounds: None };
    let mut bounded = true;
    for chunk in metadata.row_groups().iter().map(|group| group.column(index)) {
        let statistics = chunk.statistics();
        let nulls =
            statistics.and_then(Statistics::null_count_opt).and_then(|count| i64::try_from(count).ok());
        range.nulls = range.nulls.zip(nulls).map(|(sum, count)| sum + count);
        if nulls == Some(chunk.num_values()) {
            continue; // only nulls: no bounds, and none needed
        }
        match statistics.and_then(|statistics| chunk_bounds(chunk, statistics)) {
            Some((low, high)) => {
                range.bounds = Some(match range.bounds.take() {
                    None => (low, high),
                    Some((lowest, highest)) => (lowest.min(low), highest.max(high)),
                });
            }
            None => bounded = false,
        }
    }
    range.bounds = range.bounds.filter(|_| bounded);
    range
}

fn chunk_bounds(chunk: &ColumnChunkMetaData, statistics: &Statistics) -> Option<(Bound, Bound)> {
    let of_number = match chunk.column_descr().logical_type_ref() {
        Some(LogicalType::Timestamp { .. }) => Bound::Time,
        _ => Bound::Number,
    };
    match statistics {
        Statistics::Int32(values) => {
            Some((Bound::Number(i64::from(*values.min_opt()?)), Bound::Number(i64::from(*values.max_opt()?))))
        }
        Statistics::Int64(values) => Some((of_number(*values.min_opt()?), of_number(*values.max_opt()?))),
        Statistics::ByteArray(values) => Some((
            Bound::Text(values.min_opt()?.data().to_vec()),
            Bound::Text(values.max_opt()?.data().to_vec()),
        )),
        _ => None,
    }
}

fn lower(bound: Bound) -> Option<Value> {
    match bound {
        Bound::Number(value) => Some(json!(value)),
        Bound::Time(micros) => time_text(micros.div_euclid(1000)),
        Bound::Text(bytes) => {
            // A bound truncated by the Parquet writer may end within a character; the part before it is still
            // a lower bound.
            let text = match std::str::from_utf8(&bytes) {
                Ok(text) => text,
                Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?,
            };
            Some(Value::String(text.chars().take(MAX_TEXT_CHARS).collect()))
        }
    }
}

fn upper(bound: Bound) -> Option<Value> {
    match bound {
        Bound::Number(value) => Some(json!(value)),
        Bound::Time(micros) => time_text(-(-micros).div_euclid(1000)),
        Bound::Text(bytes) => {
            let text = String::from_utf8(bytes).ok()?;
            if text.chars().count() <= MAX_TEXT_CHARS {
                return Some(Value::String(text));
            }
            raised(text.chars().take(MAX_TEXT_CHARS).collect()).map(Value::String)
        }
    }
}

/// The smallest text greater than all texts with this prefix; `None` if there is none.
fn raised(mut prefix: Vec<char>) -> Option<String> {
    while let Some(last) = prefix.pop() {
        if let Some(next) = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32) {
            prefix.push(next);
            return Some(prefix.into_iter().collect());
        }
    }
    None
}

fn time_text(millis: i64) -> Option<Value> {
    let time = DateTime::from_timestamp_millis(millis)?;
    Some(Value::String(time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
}

/// The lowest and highest value of the time column `name` in statistics, in microseconds since 1970.
pub(crate) fn time_range(statistics: &Value, name: &str) -> (Option<i64>, Option<i64>) {
    let time = |which: &str| {
        let text = statistics.get(which)?.get(name)?.as_str()?;
        Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros())
    };
    (time("minValues"), time("maxValues"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int16Array, RecordBatch, StringArray, TimestampMicrosecondArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;

    fn statistics(columns: Vec<(&str, ArrayRef)>, rows_a_group: usize) -> Value {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows_a_group)).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        serde_json::from_str(&statistics_json(&writer.close().unwrap())).unwrap()
    }

    #[test]
    fn ranges_span_the_row_groups() {
        let status: ArrayRef = Arc::new(Int16Array::from(vec![Some(200), None, Some(404), None, None, None]));
        let time = TimestampMicrosecondArray::from(vec![5_000_001, 4_999_999, 7_000_001, 1, 2, 3]);
        let time: ArrayRef = Arc::new(time.with_timezone("UTC"));
        let bucket: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>; 6]));
        let found = statistics(vec![("http_status", status), ("request_time", time), ("bucket", bucket)], 2);
        assert_eq!(found["numRecords"], 6);
        assert_eq!(found["nullCount"], json!({"http_status": 4, "request_time": 0, "bucket": 6}));
        let low = json!({"http_status": 200, "request_time": "1970-01-01T00:00:00.000Z"});
        assert_eq!(found["minValues"], low);
        let high = json!({"http_status": 404, "request_time": "1970-01-01T00:00:07.001Z"});
        assert_eq!(found["maxValues"], high);
        assert_eq!(time_range(&found, "request_time"), (Some(0), Some(7_001_000)));
    }

    #[test]
    fn long_texts_are_truncated_and_still_bound() {
        let long = "é".repeat(40);
        let names: ArrayRef = Arc::new(StringArray::from(vec![long.as_str(), "z"]));
        let agents: ArrayRef = Arc::new(StringArray::from(vec!["secret", "secret"]));
        let found = statistics(vec![("requester", names), ("user_agent", agents)], 10);
        let (low, high) = (&found["minValues"], &found["maxValues"]);
        assert_eq!(low["requester"], "z");
        let high_text = high["requester"].as_str().unwrap();
        assert!(high_text > long.as_str() && high_text.chars().count() <= MAX_TEXT_CHARS);
        assert!(low.get("user_agent").is_none(), "text from clients stays out of the log");
    }

    #[test]
    fn increasing_a_prefix_skips_invalid_characters() {
        assert_eq!(raised(vec!['a', 'b']), Some("ac".to_owned()));
        assert_eq!(raised(vec!['a', char::MAX]), Some("b".to_owned()));
        assert_eq!(raised(vec!['\u{D7FF}']), Some("\u{E000}".to_owned()));
        assert_eq!(raised(vec![char::MAX]), None);
    }
}
