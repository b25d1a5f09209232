//! `saltmine shell`: its arguments.

use clap::Args;

use super::engine::Engine;

/// `saltmine shell`
#[derive(Debug, Args)]
#[command(after_help = "\
A statement ends with a semicolon. Tab completes tables, columns, functions and names of the catalogue. \\? lists
what else there is. Statements may also come from a pipe, and are then answered one after the other.

Examples:
  saltmine shell case.lake
  saltmine shell logs/ < questions.sql")]
pub(crate) struct ShellArgs {
    /// A dataset, or files, folders or globs
    #[arg(required = true, value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    /// Most rows of a table on the screen; 0 for all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) max_rows: usize,

    /// In csv and tsv, put ' before text that a spreadsheet would take for a formula
    #[arg(long)]
    pub(crate) csv_safe: bool,

    /// Allow statements that write, or read other files
    #[arg(long, conflicts_with = "redact")]
    pub(crate) allow_writes: bool,

    #[command(flatten)]
    pub(crate) engine: Engine,
}
