//! What every form of an answer does.

use arrow::array::RecordBatch;

use crate::error::CliError;

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Put `'` before what a spreadsheet takes for a formula.
    pub(crate) csv_safe: bool,
    /// Most rows of a table; `None` for all.
    pub(crate) max_rows: Option<usize>,
    /// Width of the terminal in columns.
    pub(crate) width: Option<u16>,
}

/// Writes an answer.
pub(crate) trait Writer {
    /// Writes some rows.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), CliError>;

    /// Ends the answer, and puts its file in place. Returns how many rows were not shown.
    fn finish(self: Box<Self>) -> Result<usize, CliError>;
}
