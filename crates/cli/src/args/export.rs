//! `saltmine export`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use saltmine_query::incidents::ExportKind;

use super::case::CaseOptions;
use super::engine::Engine;
use super::hunt::HuntChoice;
use super::time::TimeRange;
use crate::output::Format;

/// `saltmine export`
#[derive(Debug, Args)]
#[command(after_help = "\
The command runs a hunt first. Incident and actor numbers are those that saltmine hunt shows for the same input and options.

taken lists objects that were read or copied, and how much of each; destroyed lists objects that were deleted, expired or overwritten, with their last earlier write; changed lists changed settings and written objects; rows lists all requests.

Examples:
  saltmine export case.lake --incident 1 --what taken -o taken.csv
  saltmine export case.lake --incident 2 --what destroyed -o lost.parquet
  saltmine export case.lake --finding mass-delete --what rows > rows.csv")]
pub(crate) struct ExportArgs {
    /// A dataset, or log files, folders, globs, s3://BUCKET/PREFIX or - for standard input (default: the case's input)
    #[arg(value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    #[command(flatten)]
    pub(crate) of: HuntSelector,

    /// What to list
    #[arg(long, value_name = "WHAT", default_value = "rows")]
    pub(crate) what: ExportContent,

    #[command(flatten)]
    pub(crate) range: TimeRange,

    #[command(flatten)]
    pub(crate) choice: HuntChoice,

    /// Output format (default: from the extension of -o, otherwise csv)
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,

    /// Write the list to a file (atomically)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Prefix formula-like cells with ' in CSV and TSV
    #[arg(long)]
    pub(crate) csv_safe: bool,

    #[command(flatten)]
    pub(crate) case: CaseOptions,

    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// An incident, actor or finding of a hunt.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct HuntSelector {
    /// The incident or actor with this number
    #[arg(long, value_name = "N")]
    pub(crate) incident: Option<usize>,

    /// The finding of this detection
    #[arg(long, value_name = "NAME")]
    pub(crate) finding: Option<String>,
}

/// The records to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportContent {
    // Objects that were read or copied
    Taken,
    // Objects that were deleted, expired or overwritten
    Destroyed,
    // Settings that were changed, and objects that were written
    Changed,
    // All requests
    Rows,
}

impl From<ExportContent> for ExportKind {
    fn from(listed: ExportContent) -> Self {
        match listed {
            ExportContent::Taken => Self::Taken,
            ExportContent::Destroyed => Self::Destroyed,
            ExportContent::Changed => Self::Changed,
            ExportContent::Rows => Self::Rows,
        }
    }
}
