//! The table `duplicates`: rows that were removed from `logs` because another row is equal in every logged
//! field. A dataset has this table once rows have been removed.

use std::sync::{Arc, LazyLock};

use arrow::array::{Int64Builder, RecordBatch, StringViewBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::error::LakeError;

static DUPLICATES: LazyLock<SchemaRef> = LazyLock::new(|| {
    let columns = [
        ("log_file", DataType::Utf8View),
        ("log_line", DataType::Int64),
        ("same_as_file", DataType::Utf8View),
        ("same_as_line", DataType::Int64),
    ];
    Arc::new(Schema::new(columns.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec()))
});

/// The columns of `duplicates`: file and line (from 1) of the removed row, and of the row that it is equal
/// to. That row may have been removed later, because it is equal to an earlier one.
pub fn duplicates_schema() -> SchemaRef {
    Arc::clone(&DUPLICATES)
}

/// Position of a line: the name of its file, and its number, counted from 1.
pub(crate) type Place<'a> = (&'a str, i64);

/// Rows of `duplicates`: each removed row, and the row that it is equal to.
pub(crate) fn duplicates_batch<'a>(
    rows: impl Iterator<Item = (Place<'a>, Place<'a>)>,
) -> Result<RecordBatch, LakeError> {
    let (mut files, mut lines) = (StringViewBuilder::new(), Int64Builder::new());
    let (mut same_files, mut same_lines) = (StringViewBuilder::new(), Int64Builder::new());
    for ((file, line), (same_file, same_line)) in rows {
        files.append_value(file);
        lines.append_value(line);
        same_files.append_value(same_file);
        same_lines.append_value(same_line);
    }
    Ok(RecordBatch::try_new(
        duplicates_schema(),
        vec![
            Arc::new(files.finish()),
            Arc::new(lines.finish()),
            Arc::new(same_files.finish()),
            Arc::new(same_lines.finish()),
        ],
    )?)
}
