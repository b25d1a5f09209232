//! A keyed hash of each row, and sums of such hashes: two sets of rows are equal if their sums are, in whatever order
//! they were read.
//!
//! Each row is encoded unambiguously: its columns in order, null distinct from empty, texts with their
//! lengths. BLAKE3, with a key drawn for this run, gives 128 bits for it, and the sum is taken modulo 2^128.
//! A forger of the dataset chose its rows before the key existed, so to the forger the hashes are random
//! numbers: whatever was changed, the sums agree with a probability of 2^-128 for rows that differ, and of at
//! most 2^-64 if a row is repeated 2^64 times. A hash without a key would not be enough, because sums of
//! known numbers can be made to agree.

use arrow::array::{
    Array, AsArray, BinaryArray, Int16Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Int16Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use saltmine_scan::Column;

use crate::error::LakeError;

/// A number of rows, and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    hash: u128,
}

impl Sum {
    pub(super) fn add(&mut self, hash: u128) {
        self.rows += 1;
        self.hash = self.hash.wrapping_add(hash);
    }

    pub(super) fn add_sum(&mut self, other: Sum) {
        self.rows += other.rows;
        self.hash = self.hash.wrapping_add(other.hash);
    }

    /// Subtracts rows that were added before.
    pub(super) fn without(self, other: Sum) -> Sum {
        Sum { rows: self.rows.wrapping_sub(other.rows), hash: self.hash.wrapping_sub(other.hash) }
    }
}

/// Hashes rows with keys that nobody knew before this run.
pub(super) struct RowHasher {
    row: [u8; 32],
    content: [u8; 32],
}

impl RowHasher {
    /// Draws the keys.
    pub(super) fn new() -> Result<Self, LakeError> {
        let (mut row, mut content) = ([0; 32], [0; 32]);
        let drawn = getrandom::fill(&mut row).and_then(|()| getrandom::fill(&mut content));
        drawn.map_err(|error| LakeError::Random(error.to_string()))?;
        Ok(Self { row, content })
    }

    /// The hash of a row over all columns except `log_file`, because sums are kept per file. `memory` is
    /// reused from row to row.
    pub(super) fn row(&self, rows: &Rows<'_>, row: usize, memory: &mut Vec<u8>) -> u128 {
        rows.write(row, memory);
        number(&self.row, memory)
    }

    /// The hash of the logged content: all columns except `log_file` and `log_line`.
    pub(super) fn content(&self, rows: &Rows<'_>, row: usize, memory: &mut Vec<u8>) -> u128 {
        rows.write_logged(row, memory);
        number(&self.content, memory)
    }
}

fn number(key: &[u8; 32], bytes: &[u8]) -> u128 {
    let hash = blake3::keyed_hash(key, bytes);
    let mut half = [0; 16];
    half.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_le_bytes(half)
}

/// The values of a column.
enum Values<'a> {
    Text(&'a StringViewArray),
    Bytes(&'a BinaryArray),
    Short(&'a Int16Array),
    Long(&'a Int64Array),
    Time(&'a TimestampMicrosecondArray),
}

impl<'a> Values<'a> {
    fn from_array(array: &'a dyn Array) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Utf8View => Self::Text(array.as_string_view()),
            DataType::Binary => Self::Bytes(array.as_binary()),
            DataType::Int16 => Self::Short(array.as_primitive::<Int16Type>()),
            DataType::Int64 => Self::Long(array.as_primitive::<Int64Type>()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Self::Time(array.as_primitive::<TimestampMicrosecondType>())
            }
            _ => return None,
        })
    }

    /// Appends a value: 0 for null, otherwise 1 and the value in a self-delimiting form.
    #[inline]
    fn write(&self, row: usize, to: &mut Vec<u8>) {
        let is_null = match self {
            Self::Text(array) => array.is_null(row),
            Self::Bytes(array) => array.is_null(row),
            Self::Short(array) => array.is_null(row),
            Self::Long(array) => array.is_null(row),
            Self::Time(array) => array.is_null(row),
        };
        if is_null {
            to.push(0);
            return;
        }
        to.push(1);
        match self {
            Self::Text(array) => write_bytes(array.value(row).as_bytes(), to),
            Self::Bytes(array) => write_bytes(array.value(row), to),
            Self::Short(array) => to.extend_from_slice(&array.value(row).to_le_bytes()),
            Self::Long(array) => to.extend_from_slice(&array.value(row).to_le_bytes()),
            Self::Time(array) => to.extend_from_slice(&array.value(row).to_le_bytes()),
        }
    }
}

/// The length as a varint, followed by the bytes.
#[inline]
fn write_bytes(bytes: &[u8], to: &mut Vec<u8>) {
    let mut length = bytes.len();
    while length >= 0x80 {
        to.push((length & 0x7F) as u8 | 0x80);
        length >>= 7;
    }
    to.push(length as u8);
    to.extend_from_slice(bytes);
}

/// Rows of `logs` or `rejects`, ready to be hashed.
pub(super) struct Rows<'a> {
    /// All columns except the next two.
    columns: Vec<Values<'a>>,
    names: &'a StringViewArray,
    lines: &'a Int64Array,
}

impl<'a> Rows<'a> {
    /// The rows of a batch.
    ///
    /// # Errors
    /// If it has other columns than these tables.
    pub(super) fn from_batch(batch: &'a RecordBatch) -> Result<Self, LakeError> {
        let wrong = |name: &str| {
            arrow::error::ArrowError::SchemaError(format!("the column {name} is missing, or of another type"))
        };
        let column = |name: &str, kind: DataType| {
            let column = batch.column_by_name(name).filter(|column| *column.data_type() == kind);
            column.ok_or_else(|| wrong(name))
        };
        let names = column(Column::LogFile.name(), DataType::Utf8View)?.as_string_view();
        let lines = column(Column::LogLine.name(), DataType::Int64)?.as_primitive::<Int64Type>();
        let schema = batch.schema_ref();
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            if field.name() != Column::LogFile.name() && field.name() != Column::LogLine.name() {
                columns.push(Values::from_array(array).ok_or_else(|| wrong(field.name()))?);
            }
        }
        Ok(Self { columns, names, lines })
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The source name of a row; empty if null.
    pub(super) fn name(&self, row: usize) -> &'a str {
        if self.names.is_null(row) { "" } else { self.names.value(row) }
    }

    /// The line number of a row; 0 if null.
    pub(super) fn line(&self, row: usize) -> i64 {
        if self.lines.is_null(row) { 0 } else { self.lines.value(row) }
    }

    /// The end of the run of rows with the same source that begins at `start`.
    pub(super) fn run(&self, start: usize) -> usize {
        let (name, views) = (self.name(start), self.names.views());
        let is_same = |row: &usize| {
            (views[*row] == views[start] && self.names.is_valid(*row)) || self.name(*row) == name
        };
        (start + 1..self.len()).find(|row| !is_same(row)).unwrap_or(self.len())
    }

    fn write(&self, row: usize, to: &mut Vec<u8>) {
        self.write_logged(row, to);
        // A row with a null file or line must differ from one with the file "" or line 0.
        to.push(u8::from(self.names.is_null(row)) << 1 | u8::from(self.lines.is_null(row)));
        to.extend_from_slice(&self.line(row).to_le_bytes());
    }

    fn write_logged(&self, row: usize, to: &mut Vec<u8>) {
        to.clear();
        self.columns.iter().for_each(|column| column.write(row, to));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::ArrayRef;
    use saltmine_scan::rejects_schema;

    use super::*;
    use crate::tests::support::batch_with;

    fn rows(reasons: &[Option<&str>], raws: &[Option<&str>], lines: &[i64]) -> RecordBatch {
        let text = |values: &[Option<&str>]| Arc::new(values.iter().collect::<StringViewArray>()) as ArrayRef;
        let names = text(&vec![Some("f"); lines.len()]);
        let lines: ArrayRef = Arc::new(Int64Array::from(lines.to_vec()));
        let columns =
            vec![("log_file", names), ("log_line", lines), ("reason", text(reasons)), ("raw", text(raws))];
        batch_with(rejects_schema(), reasons.len(), columns)
    }

    fn sum(hasher: &RowHasher, batch: &RecordBatch) -> Sum {
        let (rows, mut memory) = (Rows::from_batch(batch).unwrap(), Vec::new());
        let mut sum = Sum::default();
        (0..rows.len()).for_each(|row| sum.add(hasher.row(&rows, row, &mut memory)));
        sum
    }

    #[test]
    fn sums_depend_on_everything_but_the_order() {
        let hasher = RowHasher::new().unwrap();
        let first = rows(&[Some("a"), Some("b")], &[Some("x"), None], &[1, 2]);
        let turned = rows(&[Some("b"), Some("a")], &[None, Some("x")], &[2, 1]);
        assert_eq!(sum(&hasher, &first), sum(&hasher, &turned));
        for other in [
            rows(&[Some("a"), Some("b")], &[None, Some("x")], &[1, 2]), // a value moved to another row
            rows(&[Some("a"), Some("b")], &[Some("x"), Some("")], &[1, 2]), // empty instead of null
            rows(&[Some("ax"), Some("b")], &[Some(""), None], &[1, 2]), // text moved to its neighbour
            rows(&[Some("a"), Some("b")], &[Some("x"), None], &[2, 1]), // lines exchanged
            rows(&[Some("a"), Some("a")], &[Some("x"), Some("x")], &[1, 1]), // one row twice
            rows(&[Some("a")], &[Some("x")], &[1]),
        ] {
            assert_ne!(sum(&hasher, &first), sum(&hasher, &other), "{other:?}");
        }
    }

    #[test]
    fn every_run_has_its_own_key() {
        let batch = rows(&[Some("a")], &[None], &[1]);
        let (one, two) = (RowHasher::new().unwrap(), RowHasher::new().unwrap());
        assert_ne!(sum(&one, &batch), sum(&two, &batch));
    }

    #[test]
    fn runs_of_a_source_are_found() {
        let text = |values: Vec<&str>| Arc::new(StringViewArray::from(values)) as ArrayRef;
        let long = "a name that is longer than twelve bytes";
        let lines: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 1, 2]));
        let columns = vec![("log_file", text(vec![long, long, "b", long, "c"])), ("log_line", lines)];
        let batch = batch_with(rejects_schema(), 5, columns);
        let rows = Rows::from_batch(&batch).unwrap();
        assert_eq!([0, 2, 3, 4].map(|start| rows.run(start)), [2, 3, 4, 5]);
    }
}
