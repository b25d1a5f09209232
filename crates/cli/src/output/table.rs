//! Aligned columns for people. All rows are kept until the end, because the column widths depend on them.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::sanitize::sanitize;
use super::text::{cells, numeric};
use super::{Options, Target, Writer};
use crate::error::CliError;

pub(super) struct TableWriter {
    target: Target,
    table: Table,
    numeric: Vec<bool>,
    max_rows: Option<usize>,
    rows: usize,
    hidden: usize,
}

impl TableWriter {
    pub(super) fn new(target: Target, schema: &SchemaRef, options: Options) -> Self {
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN);
        if let Some(width) = options.width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        table.set_header(schema.fields().iter().map(|field| sanitize(field.name()).into_owned()));
        Self { target, table, numeric: numeric(schema), max_rows: options.max_rows, rows: 0, hidden: 0 }
    }
}

impl Writer for TableWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), CliError> {
        let columns = cells(batch)?;
        let room = self.max_rows.map_or(usize::MAX, |most| most - self.rows).min(batch.num_rows());
        for row in 0..room {
            let cells = columns.iter().zip(&self.numeric).map(|(column, is_numeric)| {
                let cell = Cell::new(sanitize(&column.text(row)?));
                Ok(if *is_numeric { cell.set_alignment(CellAlignment::Right) } else { cell })
            });
            self.table.add_row(cells.collect::<Result<Vec<_>, CliError>>()?);
        }
        self.rows += room;
        self.hidden += batch.num_rows() - room;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<usize, CliError> {
        for line in self.table.lines() {
            writeln!(self.target, "{}", line.trim_end())?;
        }
        self.target.finish()?;
        Ok(self.hidden)
    }
}
