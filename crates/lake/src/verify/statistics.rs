//! Checks what readers trust without reading the rows: bounds, null counts and row counts, in the table's log
//! and in the file's own footer. They are computed again from the values.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{max, max_binary, max_string_view, min, min_binary, min_string_view};
use arrow::datatypes::{DataType, Int16Type, Int64Type, Schema, TimeUnit, TimestampMicrosecondType};
use chrono::DateTime;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use serde_json::Value as Json;

/// A value of an ordered type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Number(i64),
    /// Microseconds since 1970.
    Time(i64),
    Text(Vec<u8>),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Time(micros) => match DateTime::from_timestamp_micros(*micros) {
                Some(time) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S%.6fZ")),
                None => write!(f, "{micros} microseconds"),
            },
            Self::Text(text) => {
                let text = String::from_utf8_lossy(text);
                write!(f, "{:?}", text.chars().take(80).collect::<String>())
            }
        }
    }
}

/// The actual statistics of a column.
#[derive(Clone, Debug, Default)]
pub(super) struct ColumnValues {
    pub(super) nulls: u64,
    /// The lowest and the highest value; `None` without values, and for texts whose bounds are not needed.
    pub(super) bounds: Option<(Value, Value)>,
}

impl ColumnValues {
    fn widen(&mut self, low: Value, high: Value) {
        self.bounds = Some(match self.bounds.take() {
            None => (low, high),
            Some((least, greatest)) => (least.min(low), greatest.max(high)),
        });
    }

    /// Adds the values of an array; bounds of texts are computed only if `has_text_bounds`.
    pub(super) fn add(&mut self, array: &dyn Array, has_text_bounds: bool) {
        self.nulls += array.null_count() as u64;
        let bounds = match array.data_type() {
            DataType::Int16 => {
                let array = array.as_primitive::<Int16Type>();
                min(array).zip(max(array)).map(|(a, b)| (Value::Number(a.into()), Value::Number(b.into())))
            }
            DataType::Int64 => {
                let array = array.as_primitive::<Int64Type>();
                min(array).zip(max(array)).map(|(a, b)| (Value::Number(a), Value::Number(b)))
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                let array = array.as_primitive::<TimestampMicrosecondType>();
                min(array).zip(max(array)).map(|(a, b)| (Value::Time(a), Value::Time(b)))
            }
            DataType::Utf8View if has_text_bounds => {
                let array = array.as_string_view();
                let text = |text: &str| Value::Text(text.as_bytes().to_vec());
                min_string_view(array).zip(max_string_view(array)).map(|(a, b)| (text(a), text(b)))
            }
            DataType::Binary if has_text_bounds => {
                let array = array.as_binary::<i32>();
                let text = |bytes: &[u8]| Value::Text(bytes.to_vec());
                min_binary(array).zip(max_binary(array)).map(|(a, b)| (text(a), text(b)))
            }
            _ => None,
        };
        if let Some((low, high)) = bounds {
            self.widen(low, high);
        }
    }

    fn add_values(&mut self, other: &ColumnValues) {
        self.nulls += other.nulls;
        if let Some((low, high)) = other.bounds.clone() {
            self.widen(low, high);
        }
    }
}

/// The actual statistics of all columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    pub(super) rows: u64,
    columns: Vec<ColumnValues>,
    /// Which text columns need bounds; computing them takes time.
    bounded: Vec<bool>,
}

impl Values {
    /// Empty statistics for this many columns; text columns get bounds if `bounded` says so.
    pub(super) fn for_columns(bounded: Vec<bool>) -> Self {
        Self { rows: 0, columns: vec![ColumnValues::default(); bounded.len()], bounded }
    }

    pub(super) fn add(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows() as u64;
        for ((column, array), bounded) in self.columns.iter_mut().zip(batch.columns()).zip(&self.bounded) {
            column.add(array, *bounded);
        }
    }

    pub(super) fn add_values(&mut self, other: &Values) {
        self.rows += other.rows;
        for (column, other) in self.columns.iter_mut().zip(&other.columns) {
            column.add_values(other);
        }
    }

    pub(super) fn column(&self, index: usize) -> Option<&ColumnValues> {
        self.columns.get(index)
    }

    /// Problems with the footer's statistics of a column chunk. Missing statistics are not wrong.
    pub(super) fn against_chunk(&self, index: usize, chunk: &ColumnChunkMetaData) -> Option<String> {
        let column = self.columns.get(index)?;
        if u64::try_from(chunk.num_values()) != Ok(self.rows) {
            return Some(format!(
                "the value count in the footer is {}, but should be {}",
                chunk.num_values(),
                self.rows
            ));
        }
        let statistics = chunk.statistics()?;
        let is_time = matches!(column.bounds, Some((Value::Time(_), _)));
        let number = |value: i64| if is_time { Value::Time(value) } else { Value::Number(value) };
        let text = |value: &parquet::data_type::ByteArray| Value::Text(value.data().to_vec());
        let (low, high) = match statistics {
            Statistics::Int32(values) => (
                values.min_opt().map(|value| number(i64::from(*value))),
                values.max_opt().map(|value| number(i64::from(*value))),
            ),
            Statistics::Int64(values) => {
                (values.min_opt().copied().map(number), values.max_opt().copied().map(number))
            }
            Statistics::ByteArray(values) => (values.min_opt().map(text), values.max_opt().map(text)),
            _ => return Some("the footer has statistics of another type".to_owned()),
        };
        if let Some(nulls) = statistics.null_count_opt().filter(|nulls| *nulls != column.nulls) {
            return Some(format!("the null count in the footer is {nulls}, but should be {}", column.nulls));
        }
        let bound = |name: &str, stored: Option<Value>, is_exact: bool, least: bool| {
            let stored = stored?;
            let Some((low, high)) = &column.bounds else {
                return Some(format!(
                    "the {name} value in the footer is {stored}, but the column has no values"
                ));
            };
            let value = if least { low } else { high };
            let encloses = if least { stored <= *value } else { stored >= *value };
            let is_right = if is_exact { stored == *value } else { encloses };
            (!is_right).then(|| format!("the {name} value in the footer is {stored}, but should be {value}"))
        };
        bound("minimum", low, statistics.min_is_exact(), true)
            .or_else(|| bound("maximum", high, statistics.max_is_exact(), false))
    }

    /// Problems with the statistics of the file in the table's log.
    pub(super) fn against_log(&self, statistics: Option<&str>, schema: &Schema) -> Vec<String> {
        let Some(text) = statistics else {
            return vec!["the log has no numRecords for the file".to_owned()];
        };
        let Ok(Json::Object(stored)) = serde_json::from_str::<Json>(text) else {
            return vec!["the statistics in the log are not a JSON object".to_owned()];
        };
        let mut wrong = Vec::new();
        match stored.get("numRecords") {
            Some(rows) if rows.as_u64() == Some(self.rows) => {}
            Some(rows) => wrong.push(format!("numRecords in the log is {rows}, but should be {}", self.rows)),
            None => wrong.push("the log has no numRecords for the file".to_owned()),
        }
        let indices: HashMap<&str, usize> =
            schema.fields().iter().enumerate().map(|(index, field)| (field.name().as_str(), index)).collect();
        for part in ["nullCount", "minValues", "maxValues"] {
            let values = match stored.get(part) {
                None | Some(Json::Null) => continue,
                Some(Json::Object(values)) => values,
                Some(_) => {
                    wrong.push(format!("{part} in the log is not an object"));
                    continue;
                }
            };
            for (name, stored) in values.iter().filter(|(_, stored)| !stored.is_null()) {
                let column = indices.get(name.as_str()).and_then(|index| self.columns.get(*index));
                let problem = match column {
                    None => Some("the file has no such column".to_owned()),
                    Some(column) if part == "nullCount" => nulls_in_log(column, stored),
                    Some(column) => bound_in_log(column, stored, part == "minValues"),
                };
                wrong.extend(problem.map(|problem| format!("{part} of {name:?} in the log: {problem}")));
            }
        }
        wrong
    }
}

fn nulls_in_log(column: &ColumnValues, stored: &Json) -> Option<String> {
    (stored.as_u64() != Some(column.nulls)).then(|| format!("{stored}, but should be {}", column.nulls))
}

/// Numbers must be exact, times are rounded outwards to milliseconds, and texts may be truncated.
fn bound_in_log(column: &ColumnValues, stored: &Json, least: bool) -> Option<String> {
    let Some((low, high)) = &column.bounds else {
        return Some(format!("{stored}, but there are no values"));
    };
    let value = if least { low } else { high };
    let is_right = match value {
        Value::Number(value) => stored.as_i64() == Some(*value),
        Value::Time(value) => stored.as_str().and_then(micros).is_some_and(|stored| {
            let (below, above) = (value.div_euclid(1000) * 1000, -(-value).div_euclid(1000) * 1000);
            stored == *value || stored == if least { below } else { above }
        }),
        Value::Text(value) => stored.as_str().is_some_and(|stored| {
            if least { stored.as_bytes() <= &value[..] } else { stored.as_bytes() >= &value[..] }
        }),
    };
    let which = if least { "minimum" } else { "maximum" };
    (!is_right).then(|| format!("{stored}, but the {which} value is {value}"))
}

fn micros(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_micros())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringViewArray, TimestampMicrosecondArray};
    use serde_json::json;

    use super::*;

    fn values() -> (Values, RecordBatch) {
        let time = TimestampMicrosecondArray::from(vec![5_000_001, 4_999_999, 7_000_001]);
        let time: ArrayRef = Arc::new(time.with_timezone("UTC"));
        let size: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None, Some(9)]));
        let name: ArrayRef = Arc::new(StringViewArray::from(vec!["b", "c", "é"]));
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("time", time, true),
            ("size", size, true),
            ("name", name, true),
        ]);
        let batch = batch.unwrap();
        let mut values = Values::for_columns(vec![true; 3]);
        values.add(&batch);
        (values, batch)
    }

    fn wrong(change: impl FnOnce(&mut Json)) -> usize {
        let (values, batch) = values();
        let mut stored = json!({
            "numRecords": 3,
            "nullCount": {"time": 0, "size": 1, "name": 0},
            "minValues": {"time": "1970-01-01T00:00:04.999Z", "size": 7, "name": "b"},
            "maxValues": {"time": "1970-01-01T00:00:07.001Z", "size": 9, "name": "ê"},
        });
        change(&mut stored);
        values.against_log(Some(&stored.to_string()), &batch.schema()).len()
    }

    #[test]
    fn correct_statistics_pass_and_wrong_ones_fail() {
        assert_eq!(wrong(|_| {}), 0);
        assert_eq!(wrong(|stored| stored["maxValues"] = json!({})), 0, "missing statistics are not wrong");
        for change in [
            (|stored: &mut Json| stored["numRecords"] = json!(4)) as fn(&mut Json),
            |stored| stored["numRecords"] = json!(1e300),
            |stored| drop(stored.as_object_mut().unwrap().remove("numRecords")),
            |stored| stored["nullCount"]["size"] = json!(0),
            |stored| stored["nullCount"]["size"] = json!(-1),
            |stored| stored["minValues"]["size"] = json!(6),
            |stored| stored["minValues"]["size"] = json!(8),
            |stored| stored["maxValues"]["size"] = json!("9"),
            |stored| stored["minValues"]["time"] = json!("1970-01-01T00:00:05.000Z"),
            |stored| stored["maxValues"]["time"] = json!("1970-01-01T00:00:07.000Z"),
            |stored| stored["maxValues"]["time"] = json!("later"),
            |stored| stored["minValues"]["name"] = json!("bb"),
            |stored| stored["maxValues"]["name"] = json!("z"),
            |stored| stored["minValues"]["other"] = json!(1),
            |stored| stored["minValues"] = json!([1]),
            |stored| *stored = json!([]),
        ] {
            assert_eq!(wrong(change), 1);
        }
        let (values, batch) = values();
        assert_eq!(values.against_log(None, &batch.schema()).len(), 1);
        assert_eq!(values.against_log(Some("{\"numRecords\": NaN}"), &batch.schema()).len(), 1);
    }
}
