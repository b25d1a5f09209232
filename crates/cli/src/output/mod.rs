//! Forms of an answer, one a file. All of them stream: a batch is written as it comes, and nothing is cut short
//! without saying so.

mod csv;
pub(crate) mod findings;
mod json;
mod markdown;
mod parquet;
mod quote;
pub(crate) mod report;
pub(crate) mod sanitize;
mod table;
mod target;
mod text;
pub(crate) mod timeline;
pub(crate) mod timesketch;

use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use clap::ValueEnum;

pub(crate) use self::json::objects;
pub(crate) use self::quote::shell_quote;
pub(crate) use self::target::Target;
use crate::error::CliError;

/// A number and what it counts: `1 file`, `2 files`, `0 days, months or years` of `day, month or year`.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    // Of several words for the same, each has an ending.
    let plural = noun.split(" or ").map(|part| {
        let each = part.split(", ").map(|word| format!("{word}s"));
        each.collect::<Vec<_>>().join(", ")
    });
    format!("{number} {}", plural.collect::<Vec<_>>().join(" or "))
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    // Aligned columns, for people
    Table,
    // Comma-separated values with a header
    Csv,
    // Tab-separated values with a header
    Tsv,
    // One JSON array of objects
    Json,
    // One JSON object a line
    Ndjson,
    // A Markdown table
    Markdown,
    // A Parquet file
    Parquet,
}

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

impl Format {
    /// What a file's ending tells.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()? {
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "json" => Self::Json,
            "ndjson" | "jsonl" => Self::Ndjson,
            "md" => Self::Markdown,
            "parquet" => Self::Parquet,
            "txt" => Self::Table,
            _ => return None,
        })
    }

    /// A writer of rows of `schema` to `target`.
    pub(crate) fn writer(
        self,
        target: Target,
        schema: &SchemaRef,
        options: Options,
    ) -> Result<Box<dyn Writer>, CliError> {
        let target = match self {
            Self::Csv | Self::Tsv => target.of_bytes(false),
            Self::Json | Self::Ndjson => target.of_bytes(true),
            Self::Table | Self::Markdown | Self::Parquet => target,
        };
        Ok(match self {
            Self::Table => Box::new(table::TableWriter::new(target, schema, options)),
            Self::Csv => Box::new(csv::CsvWriter::new(target, schema, b',', options)?),
            Self::Tsv => Box::new(csv::CsvWriter::new(target, schema, b'\t', options)?),
            Self::Json => Box::new(json::JsonWriter::array(target)),
            Self::Ndjson => Box::new(json::JsonWriter::lines(target)),
            Self::Markdown => Box::new(markdown::MarkdownWriter::new(target, schema)?),
            Self::Parquet => Box::new(parquet::ParquetWriter::new(target, schema)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn one_is_not_many() {
        assert_eq!(plural(1, "file"), "1 file");
        assert_eq!(plural(0, "hidden file or folder"), "0 hidden files or folders");
        assert_eq!(plural(2, "day, month or year"), "2 days, months or years");
    }
}
