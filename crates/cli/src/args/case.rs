//! Arguments of `saltmine case`, and the options by which other commands use a case file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use saltmine_query::local_time::Zone;

use super::s3::S3Args;

/// Which case file is used.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct CaseOptions {
    /// Case file (default: $SALTMINE_CASE, else saltmine.toml in this folder, else in the dataset); see saltmine case
    #[arg(long, value_name = "FILE", help_heading = "Case")]
    pub(crate) case: Option<PathBuf>,

    /// Use no case file
    #[arg(long, conflicts_with = "case", help_heading = "Case")]
    pub(crate) no_case: bool,
}

/// How times are shown.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ZoneOption {
    /// Show local times beside UTC: Europe/Berlin, or an offset such as +02:00 (default: the case's time zone)
    #[arg(long, value_name = "ZONE", value_parser = Zone::parse, allow_hyphen_values = true, help_heading = "Case")]
    pub(crate) tz: Option<Zone>,
}

/// `saltmine case`
#[derive(Debug, Args)]
#[command(after_help = "\
A case file, saltmine.toml, holds what is known of a case: title, examiner, time zone, working hours, own accounts, networks and buckets, the time of the incident, known work, parameters of queries, notes, and the input of commands that are given none. Commands use the file of --case, else that of the environment variable SALTMINE_CASE, else saltmine.toml in this folder, else in the dataset.

init writes a file with comments from the data, show prints what the file in use says, check reports what is wrong in it. Findings that are known work are shown as accepted, with the reason; they count in no total and are in no incident.

Examples:
  saltmine case init case.lake
  saltmine case check
  saltmine case show --case 26-0417.toml")]
pub(crate) struct CaseArgs {
    /// What to do
    #[arg(value_name = "ACTION")]
    pub(crate) action: CaseAction,

    /// init: the dataset or logs that the case is about; show, check: the dataset whose file is looked at
    #[arg(value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    /// init: the file to write (default: saltmine.toml)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// init: replace an existing file
    #[arg(long)]
    pub(crate) force: bool,

    /// Folder with your own queries, PACK/NAME.sql, which the file may name
    #[arg(long, value_name = "DIR")]
    pub(crate) queries: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) case: CaseOptions,

    #[command(flatten)]
    pub(crate) s3: S3Args,
}

/// What to do with a case file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CaseAction {
    // Write one from the data
    Init,
    // Print what it says
    Show,
    // Report what is wrong in it
    Check,
}
