//! Comma- and tab-separated values. Bytes are passed through unchanged; `--csv-safe` neutralises formulas.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::text::cells;
use super::{Options, Target, Writer};
use crate::error::CliError;

pub(super) struct CsvWriter {
    csv: csv::Writer<Target>,
    safe: bool,
}

impl CsvWriter {
    pub(super) fn new(
        target: Target,
        schema: &SchemaRef,
        delimiter: u8,
        options: Options,
    ) -> Result<Self, CliError> {
        let mut csv = csv::WriterBuilder::new().delimiter(delimiter).from_writer(target);
        let guarded = options.csv_safe;
        let names = schema.fields().iter().map(|field| safe(field.name().clone(), guarded));
        csv.write_record(names).map_err(wrong)?;
        Ok(Self { csv, safe: guarded })
    }
}

/// Writes one batch with formulas neutralised.
pub(super) fn write(batch: &RecordBatch, out: &mut impl std::io::Write) -> Result<(), CliError> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(batch.schema().fields().iter().map(|field| field.name().clone())).map_err(wrong)?;
    let columns = cells(batch)?;
    for row in 0..batch.num_rows() {
        for column in &columns {
            csv.write_field(safe(column.text(row)?, true)).map_err(wrong)?;
        }
        csv.write_record(None::<&[u8]>).map_err(wrong)?;
    }
    Ok(csv.flush()?)
}

impl Writer for CsvWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), CliError> {
        let columns = cells(batch)?;
        for row in 0..batch.num_rows() {
            for column in &columns {
                let cell = safe(column.text(row)?, self.safe);
                self.csv.write_field(&cell).map_err(wrong)?;
            }
            self.csv.write_record(None::<&[u8]>).map_err(wrong)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<usize, CliError> {
        let target = self.csv.into_inner().map_err(|error| CliError::Output(error.into_error()))?;
        target.finish()?;
        Ok(0)
    }
}

fn wrong(error: csv::Error) -> CliError {
    match error.into_kind() {
        // A broken pipe stays a broken pipe.
        csv::ErrorKind::Io(error) => CliError::Output(error),
        kind => CliError::Format(format!("{kind:?}")),
    }
}

/// The cell; with `guarded`, prefixed if a spreadsheet would take it for a formula. Column names can be log text
/// too.
fn safe(mut cell: String, guarded: bool) -> String {
    if guarded && is_formula(&cell) {
        cell.insert(0, '\'');
    }
    cell
}

/// Whether a spreadsheet may take the cell for a formula. Numbers are not formulas.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
        && cell.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::is_formula;

    #[test]
    fn formulas_are_distinguished_from_numbers() {
        for cell in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "-"] {
            assert!(is_formula(cell), "{cell}");
        }
        for cell in ["", "-12", "+3.5", "a=1", "'=1"] {
            assert!(!is_formula(cell), "{cell}");
        }
    }
}
