//! `saltmine hunt`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use saltmine_query::catalogue::Severity;

use super::engine::Engine;
use super::time::parse_time;

/// `saltmine hunt`
#[derive(Debug, Args)]
#[command(after_help = "\
Each finding has what was seen, who, from where, how often, the first and the last time, lines of the logs as
evidence, the command that shows all of it, and what would make it no finding.

Examples:
  saltmine hunt case.lake
  saltmine hunt logs/ --pack destruction --pack exfiltration --since 2026-03-01
  saltmine hunt case.lake --format markdown -o findings.md
  saltmine hunt case.lake --fail-on high || page-somebody")]
pub(crate) struct HuntArgs {
    /// A dataset, or files, folders, globs, s3://BUCKET/KEY or -
    #[arg(required = true, value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    /// Only detections of this pack; may be given several times
    #[arg(long = "pack", value_name = "PACK")]
    pub(crate) packs: Vec<String>,

    /// Only requests from this time on, such as 2026-03-01 or 2026-03-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<i64>,

    /// Only requests before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<i64>,

    /// End with code 4 if anything of this severity or above is found
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    pub(crate) fail_on: Option<Severity>,

    /// Form of the findings
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: HuntFormat,

    /// Write the findings to a file, which appears when it is whole
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// A folder of queries, PACK/NAME.sql, beside those built in; one of the same name takes the other's place
    #[arg(long, value_name = "DIR")]
    pub(crate) queries: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// Form of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HuntFormat {
    /// For people
    Table,
    /// One JSON object
    Json,
    /// One JSON object a finding, each on a line
    Ndjson,
    /// A report to hand on
    Markdown,
}

fn parse_severity(word: &str) -> Result<Severity, String> {
    Severity::parse(word).ok_or_else(|| {
        let words: Vec<&str> = Severity::ALL.iter().map(|severity| severity.as_str()).collect();
        format!("there are {}", words.join(", "))
    })
}
