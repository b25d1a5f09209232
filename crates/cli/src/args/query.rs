//! Arguments of `saltmine query` and `saltmine queries`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use saltmine_query::catalogue::Severity;

use super::case::CaseOptions;
use super::engine::Engine;
use super::time::{NameArgs, TimeRange};
use crate::output::Format;

/// `saltmine query`
#[derive(Debug, Args)]
#[command(after_help = "\
Tables: logs (one row per line), rejects (lines that could not be parsed), sources (one row per file). saltmine schema lists the columns of logs.

Examples:
  saltmine query case.lake 'SELECT operation, count(*) FROM logs GROUP BY 1'
  saltmine query logs/ 'SELECT * FROM logs WHERE key = $k' -p k=a.txt
  saltmine query case.lake --name mass-delete -p keys=20 --since 2026-03-01
  saltmine query case.lake --table ips=known.csv -f question.sql
  saltmine query case.lake -f question.sql -o answer.parquet")]
pub(crate) struct QueryArgs {
    /// A dataset, or log files, folders, globs, s3://BUCKET/PREFIX or - (default: the case's input); then SQL, unless -f or --name is given
    #[arg(value_name = "DATASET|PATH... [SQL]")]
    pub(crate) inputs: Vec<String>,

    /// Read the SQL from a file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Run a query of the catalogue (saltmine queries)
    #[arg(long, value_name = "QUERY", conflicts_with = "file")]
    pub(crate) name: Option<String>,

    /// Bind $NAME to a value
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,

    #[command(flatten)]
    pub(crate) range: TimeRange,

    #[command(flatten)]
    pub(crate) names: NameArgs,

    /// Folder with your own queries, PACK/NAME.sql, which override built-in ones of the same name
    #[arg(long, value_name = "DIR")]
    pub(crate) queries: Option<PathBuf>,

    /// Output format (default: from the extension of -o, otherwise table on a terminal and csv elsewhere)
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,

    /// Write the answer to a file (atomically)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Prefix formula-like cells with ' in CSV and TSV
    #[arg(long)]
    pub(crate) csv_safe: bool,

    /// Maximum rows to display on a terminal (0 = all)
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub(crate) max_rows: usize,

    /// Allow statements that write or read other files
    #[arg(long, conflicts_with = "redact")]
    pub(crate) allow_writes: bool,

    #[command(flatten)]
    pub(crate) case: CaseOptions,

    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// `saltmine queries`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  saltmine queries
  saltmine queries exfiltration
  saltmine queries anonymous-success
  saltmine queries --grep presigned")]
pub(crate) struct QueriesArgs {
    /// A pack or a query, or the beginning of its name
    #[arg(value_name = "PACK|NAME")]
    pub(crate) name: Option<String>,

    /// List only queries of this severity or above
    #[arg(long, value_name = "LEVEL", value_parser = super::hunt::parse_severity)]
    pub(crate) min_severity: Option<Severity>,

    /// List only queries with this text in their name, documentation or SQL; case is ignored
    #[arg(long, value_name = "TEXT")]
    pub(crate) grep: Option<String>,

    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: QueriesFormat,

    /// Folder with your own queries, PACK/NAME.sql, which override built-in ones of the same name
    #[arg(long, value_name = "DIR")]
    pub(crate) queries: Option<PathBuf>,
}

/// Output format of `saltmine queries`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueriesFormat {
    // Text for people
    Table,
    // One JSON array with everything about each query
    Json,
}
