//! A Markdown table. Cells are sanitised, and what Markdown or HTML would act on is escaped.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::sanitize::sanitize;
use super::text::{formatters, numeric, options};
use super::{Target, Writer};
use crate::error::CliError;

pub(super) struct MarkdownWriter {
    target: Target,
}

impl MarkdownWriter {
    pub(super) fn new(mut target: Target, schema: &SchemaRef) -> Result<Self, CliError> {
        let names: Vec<String> = schema.fields().iter().map(|field| escape(field.name())).collect();
        writeln!(target, "| {} |", names.join(" | "))?;
        let rules: Vec<&str> =
            numeric(schema).into_iter().map(|is| if is { "---:" } else { "---" }).collect();
        writeln!(target, "| {} |", rules.join(" | "))?;
        Ok(Self { target })
    }
}

impl Writer for MarkdownWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), CliError> {
        let options = options("");
        let columns = formatters(batch, &options)?;
        for row in 0..batch.num_rows() {
            let cells: Vec<String> =
                columns.iter().map(|column| escape(&column.value(row).to_string())).collect();
            writeln!(self.target, "| {} |", cells.join(" | "))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<usize, CliError> {
        self.target.finish()?;
        Ok(0)
    }
}

/// `cell` as Markdown shows it: text and nothing else.
pub(super) fn escape(cell: &str) -> String {
    let mut escaped = String::with_capacity(cell.len());
    for character in sanitize(cell).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '#' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn cells_stay_cells() {
        assert_eq!(
            escape("a|b\n<img src=x> ![x](http://e)"),
            "a\\|b\\\\n&lt;img src=x&gt; \\!\\[x\\](http://e)"
        );
    }
}
