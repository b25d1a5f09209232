//! Requests for import into Timesketch: JSON lines with `message`, `datetime`, `timestamp_desc` and the columns of
//! the row. See "Create timeline from JSONL or CSV file" in Timesketch's user guide.

use std::io::Write;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int16Type, Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, SecondsFormat};
use saltmine_format::operation::OperationClass;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::sanitize::sanitize;
use crate::error::CliError;

/// The event type, in the style of plaso's data types.
const DATA_TYPE: &str = "aws:s3:access_log";
/// The meaning of the time.
const TIME_MEANS: &str = "Request received";

/// Writes the rows of a batch with the columns of the table logs and `object_key`.
pub(crate) fn write(batch: &RecordBatch, out: &mut impl Write) -> Result<(), CliError> {
    for row in 0..batch.num_rows() {
        serde_json::to_writer(&mut *out, &Event { batch, row }).map_err(CliError::json)?;
        writeln!(out)?;
    }
    Ok(())
}

/// A request.
struct Event<'a> {
    batch: &'a RecordBatch,
    row: usize,
}

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let micros = self.time();
        let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("message", &self.message())?;
        map.serialize_entry("datetime", &time.to_rfc3339_opts(SecondsFormat::Micros, false))?;
        map.serialize_entry("timestamp", &micros)?;
        map.serialize_entry("timestamp_desc", TIME_MEANS)?;
        map.serialize_entry("data_type", DATA_TYPE)?;
        map.serialize_entry("tag", &self.tags())?;
        for (field, column) in self.batch.schema_ref().fields().iter().zip(self.batch.columns()) {
            // For a search index, missing and null are the same.
            if column.is_null(self.row) {
                continue;
            }
            let (name, row) = (field.name(), self.row);
            match field.data_type() {
                DataType::Utf8View | DataType::Utf8 | DataType::LargeUtf8 => {
                    map.serialize_entry(name, &text_at(column.as_ref(), row))?;
                }
                DataType::Int64 => {
                    map.serialize_entry(name, &column.as_primitive::<Int64Type>().value(row))?;
                }
                DataType::Int16 => {
                    map.serialize_entry(name, &column.as_primitive::<Int16Type>().value(row))?;
                }
                // `datetime` already holds the time and the date.
                _ => {}
            }
        }
        map.end()
    }
}

/// Text from a column of any string type: tables of a cluster have plain strings, others string views.
fn text_at(column: &dyn Array, row: usize) -> Option<&str> {
    if column.is_null(row) {
        return None;
    }
    let text = column.as_string_view_opt().map(|column| column.value(row));
    let text = text.or_else(|| Some(column.as_string_opt::<i32>()?.value(row)));
    text.or_else(|| Some(column.as_string_opt::<i64>()?.value(row)))
}

impl Event<'_> {
    /// Microseconds since 1970 (UTC).
    fn time(&self) -> i64 {
        let column = self.batch.column_by_name("request_time");
        let times = column.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        times.filter(|times| times.is_valid(self.row)).map_or(0, |times| times.value(self.row))
    }

    fn text(&self, name: &str) -> Option<&str> {
        text_at(self.batch.column_by_name(name)?.as_ref(), self.row)
    }

    fn status(&self) -> Option<i16> {
        let column = self.batch.column_by_name("http_status")?.as_primitive_opt::<Int16Type>()?;
        column.is_valid(self.row).then(|| column.value(self.row))
    }

    /// The request as one line of text.
    fn message(&self) -> String {
        let mut message = self.text("operation").unwrap_or("-").to_owned();
        let who = Some(self.text("requester").unwrap_or("(anonymous)"));
        let parts = [
            (" ", self.text("bucket")),
            ("/", self.text("object_key")),
            (" by ", who),
            (" from ", self.text("remote_ip")),
            (": ", self.status().map(|status| status.to_string()).as_deref()),
            (" ", self.text("error_code")),
        ]
        .map(|(before, text)| text.map(|text| [before, text].concat()));
        parts.into_iter().flatten().for_each(|part| message.push_str(&part));
        sanitize(&message).into_owned()
    }

    /// Tags to filter by: what the operation does, and what is special about the request.
    fn tags(&self) -> Vec<&'static str> {
        let class =
            self.text("operation").map(|name| OperationClass::from_operation(name.as_bytes()).as_str());
        let special = [
            (self.text("requester").is_none(), "anonymous"),
            (self.status() == Some(403), "denied"),
            (self.text("authentication_type") == Some("QueryString"), "presigned"),
            (self.text("anomaly").is_some(), "anomaly"),
        ];
        class.into_iter().chain(special.into_iter().filter(|(is, _)| *is).map(|(_, tag)| tag)).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int16Array, StringArray, TimestampMicrosecondArray};
    use arrow::compute::cast;
    use arrow::datatypes::{Field, Schema};

    use super::*;

    #[test]
    fn the_kind_of_a_text_column_makes_no_difference() {
        let texts = [
            ("operation", "REST.GET.OBJECT"),
            ("requester", "arn:aws:iam::111122223333:user/eve"),
            ("bucket", "vault"),
            ("object_key", "secret plans"),
            ("remote_ip", "203.0.113.9"),
            ("authentication_type", "QueryString"),
        ];
        let written = [DataType::Utf8View, DataType::Utf8, DataType::LargeUtf8].map(|kind| {
            let mut fields: Vec<Field> =
                texts.iter().map(|(name, _)| Field::new(*name, kind.clone(), true)).collect();
            let mut columns: Vec<_> = texts
                .iter()
                .map(|(_, text)| cast(&StringArray::from(vec![Some(*text), None]), &kind).unwrap())
                .collect();
            let times = TimestampMicrosecondArray::from(vec![1, 2]).with_timezone("UTC");
            fields.push(Field::new("request_time", times.data_type().clone(), true));
            columns.push(Arc::new(times));
            fields.push(Field::new("http_status", DataType::Int16, true));
            columns.push(Arc::new(Int16Array::from(vec![200, 403])));
            let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
            let mut out = Vec::new();
            write(&batch, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        });
        let first = written[0].lines().next().unwrap();
        assert!(first.contains("\"message\":\"REST.GET.OBJECT vault/secret plans by arn:aws"), "{first}");
        assert!(first.contains("\"remote_ip\":\"203.0.113.9\"") && first.contains("presigned"), "{first}");
        assert!(!first.contains("anonymous") && written[0].contains("anonymous"), "{}", written[0]);
        assert_eq!(written[0], written[1]);
        assert_eq!(written[0], written[2]);
    }
}
