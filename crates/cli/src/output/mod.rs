//! Output formats, one per file. All of them stream: batches are written as they arrive, and truncation is always
//! reported.

pub(crate) mod accepted;
mod case;
pub(crate) mod clock;
mod csv;
pub(crate) mod findings;
pub(crate) mod incidents;
mod json;
mod line_counts;
mod markdown;
mod pager;
mod parquet;
mod record;
pub(crate) mod report;
pub(crate) mod sanitize;
pub(crate) mod sessions;
mod table;
mod target;
mod text;
pub(crate) mod timeline;
pub(crate) mod timesketch;
mod writer;

use std::path::Path;

use arrow::datatypes::SchemaRef;
use clap::ValueEnum;
pub(crate) use saltmine_query::quantity::counted;
pub(crate) use saltmine_query::shell_quote;

pub(crate) use self::case::{Case, UsedFile};
pub(crate) use self::clock::Clock;
pub(crate) use self::json::objects;
pub(crate) use self::line_counts::line_counts;
pub(crate) use self::target::Target;
pub(crate) use self::writer::{Options, Writer};
use crate::error::CliError;

/// Output format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    // Aligned columns, for people
    Table,
    // One record at a time, one line per column
    Record,
    // Comma-separated values with a header
    Csv,
    // Tab-separated values with a header
    Tsv,
    // One JSON array of objects
    Json,
    // One JSON object per line
    Ndjson,
    // A Markdown table
    Markdown,
    // A Parquet file
    Parquet,
}

impl Format {
    /// The format for a file's extension.
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
            Self::Table | Self::Record | Self::Markdown | Self::Parquet => target,
        };
        Ok(match self {
            Self::Table => Box::new(table::TableWriter::new(target, schema, options)),
            Self::Record => Box::new(record::RecordWriter::new(target, schema, options)),
            Self::Csv => Box::new(csv::CsvWriter::new(target, schema, b',', options)?),
            Self::Tsv => Box::new(csv::CsvWriter::new(target, schema, b'\t', options)?),
            Self::Json => Box::new(json::JsonWriter::array(target)),
            Self::Ndjson => Box::new(json::JsonWriter::lines(target)),
            Self::Markdown => Box::new(markdown::MarkdownWriter::new(target, schema)?),
            Self::Parquet => Box::new(parquet::ParquetWriter::new(target, schema)?),
        })
    }
}
