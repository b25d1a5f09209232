//! One record at a time, one line per column: for rows that are too wide for a table.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::sanitize::sanitize;
use super::table::heading;
use super::text::cells;
use super::{Options, Target, Writer};
use crate::error::CliError;

pub(super) struct RecordWriter {
    target: Target,
    names: Vec<String>,
    max_rows: Option<usize>,
    rows: usize,
    hidden: usize,
}

impl RecordWriter {
    pub(super) fn new(target: Target, schema: &SchemaRef, options: Options) -> Self {
        let names =
            schema.fields().iter().map(|field| sanitize(&heading(field.name())).into_owned()).collect();
        Self { target, names, max_rows: options.max_rows, rows: 0, hidden: 0 }
    }
}

impl Writer for RecordWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), CliError> {
        let columns = cells(batch)?;
        let width = self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        for row in 0..batch.num_rows() {
            if self.max_rows.is_some_and(|most| self.rows >= most) {
                self.hidden += 1;
                continue;
            }
            self.rows += 1;
            writeln!(self.target, "-[ row {} ]{}", self.rows, "-".repeat(40))?;
            for (name, column) in self.names.iter().zip(&columns) {
                let line = format!("{name:<width$}  {}", sanitize(&column.text(row)?));
                writeln!(self.target, "{}", line.trim_end())?;
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<usize, CliError> {
        self.target.finish()?;
        Ok(self.hidden)
    }
}
