//! Rejects: lines that could not be parsed, kept verbatim with their position and the reason.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, Int64Builder, RecordBatch, StringViewBuilder};

use crate::error::ScanError;
use crate::escape::escape;
use crate::schema::rejects_schema;

/// A line that could not be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The source, by the number that the caller gave it.
    pub source: usize,
    /// Line number in the decompressed file, counted from 1.
    pub line: u64,
    /// Offset of the line in the decompressed file, in bytes from 0.
    pub offset: u64,
    /// The reason, for example `malformed request_time at byte 12 of the line`.
    pub reason: String,
    /// The line, without its line ending.
    pub bytes: Vec<u8>,
}

/// Rejects as rows of the table `rejects`; `name_of` returns the name of a source.
///
/// # Errors
/// If Arrow rejects the arrays, which would be a bug in this program.
pub fn rejects_batch<'a>(
    rejects: &[Reject],
    name_of: impl Fn(usize) -> &'a str,
) -> Result<RecordBatch, ScanError> {
    let mut log_file = StringViewBuilder::new();
    let mut log_line = Int64Builder::with_capacity(rejects.len());
    let mut byte_offset = Int64Builder::with_capacity(rejects.len());
    let mut reason = StringViewBuilder::new();
    let mut raw = StringViewBuilder::new();
    let mut raw_bytes = BinaryBuilder::new();
    for reject in rejects {
        log_file.append_value(name_of(reject.source));
        log_line.append_value(reject.line as i64);
        byte_offset.append_value(reject.offset as i64);
        reason.append_value(&reject.reason);
        let text = escape(&reject.bytes);
        raw_bytes.append_option(matches!(text, std::borrow::Cow::Owned(_)).then_some(&reject.bytes));
        raw.append_value(&text);
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(log_file.finish()),
        Arc::new(log_line.finish()),
        Arc::new(byte_offset.finish()),
        Arc::new(reason.finish()),
        Arc::new(raw.finish()),
        Arc::new(raw_bytes.finish()),
    ];
    Ok(RecordBatch::try_new(rejects_schema(), columns)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Array, AsArray};

    use super::*;

    #[test]
    fn bytes_are_kept_if_the_text_is_not_verbatim() {
        let reject = |bytes: &[u8]| Reject {
            source: 0,
            line: 3,
            offset: 9,
            reason: "r".into(),
            bytes: bytes.to_vec(),
        };
        let batch = rejects_batch(&[reject(b"plain"), reject(b"\xFF!")], |_| "f").unwrap();
        let raw = batch.column_by_name("raw").unwrap().as_string_view();
        assert_eq!((raw.value(0), raw.value(1)), ("plain", "\\xFF!"));
        let bytes = batch.column_by_name("raw_bytes").unwrap().as_binary::<i32>();
        assert!(bytes.is_null(0));
        assert_eq!(bytes.value(1), b"\xFF!");
    }
}
