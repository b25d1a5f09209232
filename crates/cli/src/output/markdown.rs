//! Markdown tables. Cells are sanitised, and Markdown and HTML syntax in them is escaped.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::sanitize::sanitize;
use super::text::{cells, numeric};
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
        let columns = cells(batch)?;
        for row in 0..batch.num_rows() {
            let row: Result<Vec<String>, CliError> =
                columns.iter().map(|column| Ok(escape(&column.text(row)?))).collect();
            writeln!(self.target, "| {} |", row?.join(" | "))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<usize, CliError> {
        self.target.finish()?;
        Ok(0)
    }
}

/// A zero-width character that separates its neighbours.
const ZERO_WIDTH_SPACE: &str = "&#8203;";

/// Escapes `cell` so that Markdown shows it as plain text. GitHub and others link URLs and host names that begin
/// with `www.`, notify people for `@name` and reference issues for `#1` even if the first character is escaped; this
/// prevents that too.
pub(super) fn escape(cell: &str) -> String {
    let mut escaped = String::with_capacity(cell.len());
    let cell = sanitize(cell);
    for (at, character) in cell.char_indices() {
        let rest = &cell[at + character.len_utf8()..];
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => {
                escaped.push('@');
                escaped.push_str(ZERO_WIDTH_SPACE);
            }
            '#' => {
                escaped.push_str("\\#");
                if rest.starts_with(|next: char| next.is_ascii_digit()) {
                    escaped.push_str(ZERO_WIDTH_SPACE);
                }
            }
            ':' if rest.starts_with("//") => escaped.push_str(":\\"),
            '.' if is_after_www(&cell[..at]) => escaped.push_str("\\."),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            character => escaped.push(character),
        }
    }
    escaped
}

fn is_after_www(before: &str) -> bool {
    let start = before.len().checked_sub(3).and_then(|start| before.get(start..));
    start.is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn text_stays_inside_its_cell() {
        assert_eq!(
            escape("a|b\n<img src=x> ![x](http://e)"),
            "a\\|b\\\\n&lt;img src=x&gt; \\!\\[x\\](http:\\//e)"
        );
    }

    #[test]
    fn nothing_in_a_cell_becomes_a_link_or_a_mention() {
        for (cell, escaped) in [
            ("https://evil.example/x", "https:\\//evil.example/x"),
            ("see WWW.evil.example", "see WWW\\.evil.example"),
            ("www.a www.b", "www\\.a www\\.b"),
            ("@mallory", "@&#8203;mallory"),
            ("m@evil.example", "m@&#8203;evil.example"),
            ("fixes #12", "fixes \\#&#8203;12"),
            ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
            ("arn:aws:iam::111122223333:user/é.www", "arn:aws:iam::111122223333:user/é.www"),
        ] {
            assert_eq!(escape(cell), escaped);
        }
    }
}
