//! Arguments of `saltmine shell`.

use clap::Args;

use super::case::CaseOptions;
use super::engine::Engine;

/// `saltmine shell`
#[derive(Debug, Args)]
#[command(after_help = "\
End statements with a semicolon. Tab completes tables, columns, functions and query names; \\? lists the commands. Statements can also come from a pipe.

Examples:
  saltmine shell case.lake
  saltmine shell logs/ < questions.sql")]
pub(crate) struct ShellArgs {
    /// A dataset, or log files, folders, globs or s3://BUCKET/PREFIX (default: the case's input)
    #[arg(value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    /// Maximum rows to display on a terminal (0 = all)
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub(crate) max_rows: usize,

    /// Prefix formula-like cells with ' in CSV and TSV
    #[arg(long)]
    pub(crate) csv_safe: bool,

    /// Allow statements that write or read other files
    #[arg(long, conflicts_with = "redact")]
    pub(crate) allow_writes: bool,

    #[command(flatten)]
    pub(crate) case: CaseOptions,

    #[command(flatten)]
    pub(crate) engine: Engine,
}
