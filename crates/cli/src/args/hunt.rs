//! Arguments of `saltmine hunt`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use saltmine_query::catalogue::Severity;

use super::engine::Engine;
use super::time::{NameArgs, TimeRange};

/// `saltmine hunt`
#[derive(Debug, Args)]
#[command(after_help = "\
Each finding says who did what, from where, how often and when, with log lines as evidence, known false positives, and the command that shows all rows.

Examples:
  saltmine hunt case.lake
  saltmine hunt logs/ --pack destruction --since 2026-03-01
  saltmine hunt case.lake --format markdown -o findings.md
  saltmine hunt case.lake --fail-on high || page-somebody")]
pub(crate) struct HuntArgs {
    /// A dataset, or log files, folders, globs, s3://BUCKET/PREFIX or - for standard input
    #[arg(required = true, value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    /// Run only the detections of this pack; repeatable
    #[arg(long = "pack", value_name = "PACK")]
    pub(crate) packs: Vec<String>,

    #[command(flatten)]
    pub(crate) range: TimeRange,

    #[command(flatten)]
    pub(crate) names: NameArgs,

    /// Exit with code 4 if a finding has at least this severity
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    pub(crate) fail_on: Option<Severity>,

    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: HuntFormat,

    /// Write the findings to a file (atomically)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Folder with your own queries, PACK/NAME.sql; a query with the same name overrides the built-in one
    #[arg(long, value_name = "DIR")]
    pub(crate) queries: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// Output format of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HuntFormat {
    // For people
    Table,
    // One JSON object
    Json,
    // One JSON object per finding and line
    Ndjson,
    // A Markdown report
    Markdown,
}

fn parse_severity(word: &str) -> Result<Severity, String> {
    Severity::parse(word).ok_or_else(|| {
        let words: Vec<&str> = Severity::ALL.iter().map(|severity| severity.as_str()).collect();
        format!("expected one of {}", words.join(", "))
    })
}
