//! The interface of the output formats.

use arrow::array::RecordBatch;

use crate::error::CliError;

/// Options of the output.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Prefix cells that a spreadsheet takes for formulas with `'`.
    pub(crate) csv_safe: bool,
    /// Maximum rows of a table; `None` for all.
    pub(crate) max_rows: Option<usize>,
    /// Width of the terminal in columns.
    pub(crate) width: Option<u16>,
}

/// Writes an answer.
pub(crate) trait Writer {
    /// Writes some rows.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), CliError>;

    /// Finishes the output and renames its file. Returns the number of rows that were not shown.
    fn finish(self: Box<Self>) -> Result<usize, CliError>;
}
