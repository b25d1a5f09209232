//! Aligned columns for people. All rows are kept until the end, because the column widths depend on them.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use saltmine_query::quantity::group_digits;

use super::sanitize::sanitize;
use super::text::{cells, numeric};
use super::{Options, Target, Writer};
use crate::error::CliError;

/// Minimum width of a truncated column.
const MIN_COLUMN_WIDTH: usize = 8;
/// Separators between columns, and before and after a row.
const BORDERS: usize = 3;

pub(super) struct TableWriter {
    target: Target,
    names: Vec<String>,
    numeric: Vec<bool>,
    rows: Vec<Vec<String>>,
    max_rows: Option<usize>,
    width: Option<usize>,
    hidden: usize,
}

impl TableWriter {
    pub(super) fn new(target: Target, schema: &SchemaRef, options: Options) -> Self {
        let width = options.width.map(usize::from);
        let name = |name: &String| match width {
            Some(_) => sanitize(&heading(name)).into_owned(),
            None => sanitize(name).into_owned(),
        };
        Self {
            target,
            names: schema.fields().iter().map(|field| name(field.name())).collect(),
            numeric: numeric(schema),
            rows: Vec::new(),
            max_rows: options.max_rows,
            width,
            hidden: 0,
        }
    }

    /// The width of each column, and the number of columns that fit.
    fn layout(&self, width: usize) -> (Vec<usize>, usize) {
        let longest = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([self.names[column].chars().count()]).max().unwrap_or(0).max(1)
        };
        let mut widths: Vec<usize> = (0..self.names.len()).map(longest).collect();
        let total = |widths: &[usize]| widths.iter().sum::<usize>() + BORDERS * widths.len() + 1;
        while total(&widths) > width {
            let is_wide =
                |(column, width): &(usize, &usize)| !self.numeric[*column] && **width > MIN_COLUMN_WIDTH;
            // Shrinks the widest column to the next one, repeatedly.
            let widest = widths.iter().enumerate().filter(is_wide).max_by_key(|(_, width)| **width);
            let Some((widest, most)) = widest.map(|(column, width)| (column, *width)) else { break };
            let next = widths.iter().enumerate().filter(is_wide).map(|(_, width)| *width);
            let next = next.filter(|width| *width < most).max().unwrap_or(MIN_COLUMN_WIDTH);
            let too_much = total(&widths) - width;
            widths[widest] = most.saturating_sub(too_much.min((most - next).max(1))).max(MIN_COLUMN_WIDTH);
        }
        let mut shown = widths.len();
        while shown > 1 && total(&widths[..shown]) > width {
            shown -= 1;
        }
        widths.truncate(shown);
        (widths, shown)
    }

    fn plain(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN);
        table.set_header(&self.names);
        for row in &self.rows {
            let cells = row.iter().zip(&self.numeric).map(|(text, is_numeric)| {
                let cell = Cell::new(text);
                if *is_numeric { cell.set_alignment(CellAlignment::Right) } else { cell }
            });
            table.add_row(cells);
        }
        table.set_content_arrangement(ContentArrangement::Disabled);
        table
    }

    fn fitted(&self, width: usize) -> Vec<String> {
        let (widths, shown) = self.layout(width);
        let line = |cells: &[String]| -> String {
            let padded = widths.iter().zip(cells).zip(&self.numeric).map(|((width, cell), is_numeric)| {
                let cell = cut(cell, *width);
                if *is_numeric { format!(" {cell:>width$} ") } else { format!(" {cell:<width$} ") }
            });
            format!("|{}|", padded.collect::<Vec<_>>().join("|"))
        };
        let mut lines = vec![line(&self.names)];
        lines.push(format!(
            "|{}|",
            widths.iter().map(|width| "-".repeat(width + 2)).collect::<Vec<_>>().join("|")
        ));
        lines.extend(self.rows.iter().map(|row| line(row)));
        if shown < self.names.len() {
            lines.push(format!(
                "{shown} of {} columns shown; --format record (in the shell \\x) shows all",
                self.names.len()
            ));
        }
        lines
    }
}

/// A column's name without DataFusion's additions: `max(logs.request_time)` becomes `max(request_time)`, `Int64(1)` becomes `1`.
pub(super) fn heading(name: &str) -> String {
    let mut text = name.replace("logs.", "");
    for kind in ["Int64", "Utf8", "Utf8View", "Float64", "Boolean"] {
        let open = format!("{kind}(");
        while let Some(start) = text.find(&open) {
            let Some(length) = text[start..].find(')') else { break };
            let value = text[start + open.len()..start + length].to_owned();
            text.replace_range(start..=start + length, &value);
        }
    }
    text
}

/// The beginning of a text, with `…` if it was truncated.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Groups the digits of a number; leaves other text unchanged.
fn grouped(text: String) -> String {
    let digits = text.strip_prefix('-').unwrap_or(&text);
    if digits.len() < 5 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text;
    }
    let sign = if digits.len() < text.len() { "-" } else { "" };
    format!("{sign}{}", group_digits(digits))
}

impl Writer for TableWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), CliError> {
        let columns = cells(batch)?;
        let room = self.max_rows.map_or(usize::MAX, |most| most - self.rows.len()).min(batch.num_rows());
        for row in 0..room {
            let cells = columns.iter().zip(&self.numeric).map(|(column, is_numeric)| {
                let text = sanitize(&column.text(row)?).into_owned();
                Ok(if *is_numeric && self.width.is_some() { grouped(text) } else { text })
            });
            self.rows.push(cells.collect::<Result<Vec<_>, CliError>>()?);
        }
        self.hidden += batch.num_rows() - room;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<usize, CliError> {
        let lines = match self.width {
            Some(width) => self.fitted(width),
            None => self.plain().lines().collect(),
        };
        for line in lines {
            writeln!(self.target, "{}", line.trim_end())?;
        }
        self.target.finish()?;
        Ok(self.hidden)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use arrow::datatypes::Schema;

    use super::*;

    fn lines(columns: Vec<(&str, ArrayRef)>, width: usize) -> Vec<String> {
        let Ok(batch) = RecordBatch::try_from_iter(columns) else { return Vec::new() };
        let schema: Arc<Schema> = batch.schema();
        let target = Target::unpaged();
        let options = Options { width: u16::try_from(width).ok(), ..Options::default() };
        let mut writer = TableWriter::new(target, &schema, options);
        assert!(writer.write(&batch).is_ok());
        writer.fitted(width)
    }

    #[test]
    fn wide_columns_are_truncated_and_numbers_are_not() {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["a rather long text of a client", "b"]));
        let number: ArrayRef = Arc::new(Int64Array::from(vec![16_340_549_183, -12_345]));
        let found = lines(vec![("name", Arc::clone(&text)), ("sum(logs.bytes)", number)], 40);
        assert_eq!(
            found,
            [
                "| name                |     sum(bytes) |",
                "|---------------------|----------------|",
                "| a rather long text… | 16,340,549,183 |",
                "| b                   |        -12,345 |"
            ]
        );
        assert!(found.iter().all(|line| line.chars().count() <= 40));
    }

    #[test]
    fn columns_that_do_not_fit_are_counted() {
        let columns: Vec<(String, ArrayRef)> = (0..30)
            .map(|index| {
                let text: ArrayRef = Arc::new(StringArray::from(vec!["some text that is long"]));
                (format!("column {index}"), text)
            })
            .collect();
        let found =
            lines(columns.iter().map(|(name, column)| (name.as_str(), Arc::clone(column))).collect(), 80);
        assert!(found.iter().all(|line| line.chars().count() <= 80), "{found:?}");
        assert!(found.last().is_some_and(|line| line.starts_with("7 of 30 columns shown")), "{found:?}");
    }

    #[test]
    fn headings_are_without_types_and_table_names() {
        assert_eq!(heading("max(logs.request_time)"), "max(request_time)");
        assert_eq!(heading("Int64(1)"), "1");
        assert_eq!(heading("count(Int64(1)) + Utf8(\"a\")"), "count(1) + \"a\"");
        assert_eq!(heading("Int64("), "Int64(");
        assert_eq!(
            (grouped("1234".into()), grouped("-1234567".into())),
            ("1234".into(), "-1,234,567".into())
        );
    }
}
