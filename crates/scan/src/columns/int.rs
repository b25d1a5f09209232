//! Numeric columns.

use arrow::array::builder::NullBufferBuilder;
use arrow::array::{Int16Array, Int64Array};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use saltmine_format::{Field, number as parse_number};

use super::{Row, Rows};

/// The HTTP status; null if the line has none.
pub(super) fn http_status(rows: &Rows<'_>) -> Int16Array {
    let index = Field::HttpStatus.index();
    let (values, nulls) = collect(rows, |row| {
        parse_number(row.in_block(row.fields.spans[index]).slice(rows.block)?)
            .and_then(|status| i16::try_from(status).ok())
    });
    Int16Array::new(values, nulls)
}

/// A number of bytes or milliseconds; null if the line has `-`.
pub(super) fn number(rows: &Rows<'_>, field: Field) -> Int64Array {
    let index = field.index();
    let (values, nulls) =
        collect(rows, |row| parse_number(row.in_block(row.fields.spans[index]).slice(rows.block)?));
    Int64Array::new(values, nulls)
}

/// The line number of each line in its file.
pub(super) fn log_line(rows: &Rows<'_>) -> Int64Array {
    let mut values = Vec::with_capacity(rows.len());
    rows.each(|row| values.push(row.line as i64));
    Int64Array::from(values)
}

fn collect<T: Copy + Default + arrow::datatypes::ArrowNativeType>(
    rows: &Rows<'_>,
    value_of: impl Fn(&Row) -> Option<T>,
) -> (ScalarBuffer<T>, Option<NullBuffer>) {
    let mut values = Vec::with_capacity(rows.len());
    let mut valid = NullBufferBuilder::new(rows.len());
    rows.each(|row| {
        let value = value_of(row);
        valid.append(value.is_some());
        values.push(value.unwrap_or_default());
    });
    (ScalarBuffer::from(values), valid.finish())
}
