//! Time columns. Every row has a time.

use arrow::array::{Date32Array, TimestampMicrosecondArray};

use super::Rows;

/// When S3 received the request, in microseconds since 1970 (UTC). Text has whole seconds.
pub(super) fn request_time(rows: &Rows<'_>) -> TimestampMicrosecondArray {
    let mut values = Vec::with_capacity(rows.len());
    rows.each(|row| values.push(row.fields.request_micros()));
    TimestampMicrosecondArray::from(values).with_timezone("UTC")
}

/// The UTC date of the request time.
pub(super) fn event_date(rows: &Rows<'_>) -> Date32Array {
    let mut values = Vec::with_capacity(rows.len());
    rows.each(|row| values.push(row.day()));
    Date32Array::from(values)
}
