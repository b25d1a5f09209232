//! Arguments of `saltmine case`, and the case options of other commands.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use saltmine_query::local_time::Zone;

use super::s3::S3Args;

/// Selects the case file.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct CaseOptions {
    /// Case file (default: $SALTMINE_CASE, else saltmine.toml in this folder, else in the dataset); see saltmine case
    #[arg(long, value_name = "FILE", help_heading = "Case")]
    pub(crate) case: Option<PathBuf>,

    /// Use no case file
    #[arg(long, conflicts_with = "case", help_heading = "Case")]
    pub(crate) no_case: bool,
}

/// Selects the time zone for display.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ZoneOption {
    /// Show local times beside UTC: Europe/Berlin, or an offset such as +02:00 (default: the case's time zone)
    #[arg(long, value_name = "ZONE", value_parser = Zone::parse, allow_hyphen_values = true, help_heading = "Case")]
    pub(crate) tz: Option<Zone>,
}

/// `saltmine case`
#[derive(Debug, Args)]
#[command(after_help = "\
A case file, saltmine.toml, contains what is known about a case: title, examiner, time zone, working hours, own accounts, networks and buckets, the time of the incident, known work, query parameters, notes, and a default input for commands. Commands use the file given with --case, else the one in the environment variable SALTMINE_CASE, else saltmine.toml in the working folder, else the one in the dataset.

init writes a commented file from the data, show prints the file in use, and check reports problems in it. Findings about known work are shown as accepted, with the reason; they are excluded from totals and incidents.

Examples:
  saltmine case init case.lake
  saltmine case check
  saltmine case show --case 26-0417.toml")]
pub(crate) struct CaseArgs {
    /// What to do
    #[arg(value_name = "ACTION")]
    pub(crate) action: CaseAction,

    /// init: the dataset or logs of the case; show, check: the dataset that contains the case file
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

/// An action on a case file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CaseAction {
    // Write one from the data
    Init,
    // Print its contents
    Show,
    // Report problems in it
    Check,
}
