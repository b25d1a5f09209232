//! Reads the rows of sessions from their columns.

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int16Array, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int16Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::error::DataFusionError;

/// Columns read of each request.
pub(super) const COLUMNS: [&str; 13] = [
    "requester",
    "remote_ip",
    "request_time",
    "operation",
    "bucket",
    "object_key",
    "http_status",
    "error_code",
    "bytes_sent",
    "user_agent",
    "tls_version",
    "log_file",
    "log_line",
];

/// A request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row<'a> {
    pub(super) requester: Option<&'a str>,
    pub(super) remote_ip: Option<&'a str>,
    /// Microseconds since 1970, UTC.
    pub(super) time: i64,
    pub(super) operation: Option<&'a str>,
    pub(super) bucket: Option<&'a str>,
    /// Decoded.
    pub(super) key: Option<&'a str>,
    pub(super) status: Option<i16>,
    pub(super) error: Option<&'a str>,
    pub(super) bytes: i64,
    pub(super) agent: Option<&'a str>,
    pub(super) tls: Option<&'a str>,
    pub(super) log_file: Option<&'a str>,
    pub(super) log_line: Option<i64>,
}

/// A batch of requests, with the columns of [`COLUMNS`].
pub(super) struct Rows {
    requester: StringViewArray,
    remote_ip: StringViewArray,
    time: TimestampMicrosecondArray,
    operation: StringViewArray,
    bucket: StringViewArray,
    key: StringViewArray,
    status: Int16Array,
    error: StringViewArray,
    bytes: Int64Array,
    agent: StringViewArray,
    tls: StringViewArray,
    log_file: StringViewArray,
    log_line: Int64Array,
}

impl Rows {
    pub(super) fn from_batch(batch: &RecordBatch) -> Result<Self> {
        Ok(Self {
            requester: text(batch, "requester")?,
            remote_ip: text(batch, "remote_ip")?,
            time: times(batch)?,
            operation: text(batch, "operation")?,
            bucket: text(batch, "bucket")?,
            key: text(batch, "object_key")?,
            status: column(batch, "http_status", &DataType::Int16)?.as_primitive::<Int16Type>().clone(),
            error: text(batch, "error_code")?,
            bytes: column(batch, "bytes_sent", &DataType::Int64)?.as_primitive::<Int64Type>().clone(),
            agent: text(batch, "user_agent")?,
            tls: text(batch, "tls_version")?,
            log_file: text(batch, "log_file")?,
            log_line: column(batch, "log_line", &DataType::Int64)?.as_primitive::<Int64Type>().clone(),
        })
    }

    /// The request in a row, which must exist.
    pub(super) fn get(&self, row: usize) -> Row<'_> {
        Row {
            requester: at(&self.requester, row),
            remote_ip: at(&self.remote_ip, row),
            time: self.time.value(row),
            operation: at(&self.operation, row),
            bucket: at(&self.bucket, row),
            key: at(&self.key, row),
            status: self.status.is_valid(row).then(|| self.status.value(row)),
            error: at(&self.error, row),
            bytes: if self.bytes.is_valid(row) { self.bytes.value(row) } else { 0 },
            agent: at(&self.agent, row),
            tls: at(&self.tls, row),
            log_file: at(&self.log_file, row),
            log_line: self.log_line.is_valid(row).then(|| self.log_line.value(row)),
        }
    }
}

/// A column of text.
pub(super) fn text(batch: &RecordBatch, name: &str) -> Result<StringViewArray> {
    Ok(column(batch, name, &DataType::Utf8View)?.as_string_view().clone())
}

/// The times of the requests.
pub(super) fn times(batch: &RecordBatch) -> Result<TimestampMicrosecondArray> {
    let kind = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Ok(column(batch, "request_time", &kind)?.as_primitive::<TimestampMicrosecondType>().clone())
}

/// The text of a row; `None` for null.
pub(super) fn at(column: &StringViewArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

fn column(batch: &RecordBatch, name: &str, kind: &DataType) -> Result<ArrayRef> {
    let missing = || DataFusionError::Plan(format!("the logs have no column {name}"));
    Ok(cast(batch.column_by_name(name).ok_or_else(missing)?, kind)?)
}
