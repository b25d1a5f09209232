//! Arguments of `saltmine report`.

use std::path::PathBuf;

use clap::Args;

use super::case::{CaseOptions, ZoneOption};
use super::engine::Engine;
use super::time::{NameArgs, TimeRange};

/// `saltmine report`
#[derive(Debug, Args)]
#[command(after_help = "\
The page is self-contained: it opens from disk without a network, prints, and can be handed over. It begins with what happened, who did it, what was taken, destroyed or changed, and what to do; then come incidents on a time line, the objects concerned, findings with their evidence, traffic, the most active principals, addresses, objects and user agents, and the limits of the logs, each with the SQL that produced it.

Examples:
  saltmine report case.lake
  saltmine report logs/ --since 2026-03-01 --until 2026-04-01 -o march.html
  saltmine report case.lake --summary case.md -o report.html
  saltmine report case.lake --pack destruction -o report.html")]
pub(crate) struct ReportArgs {
    /// A dataset, or log files, folders, globs, s3://BUCKET/PREFIX or - for standard input (default: the case's input)
    #[arg(value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    /// The HTML file to write (atomically), ending in .html or .htm; - for standard output
    #[arg(long, short, value_name = "FILE", default_value = "saltmine-report.html")]
    pub(crate) output: PathBuf,

    /// Your own summary, shown first: a file with text in simple Markdown (headings, lists, bold, italic, code)
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,

    /// Title of the page, such as a case number (default: the case's title)
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,

    /// Run only the detections of this pack; repeatable
    #[arg(long = "pack", value_name = "PACK")]
    pub(crate) packs: Vec<String>,

    #[command(flatten)]
    pub(crate) range: TimeRange,

    #[command(flatten)]
    pub(crate) names: NameArgs,

    /// Folder with your own queries, PACK/NAME.sql, which override built-in ones of the same name
    #[arg(long, value_name = "DIR")]
    pub(crate) queries: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) case: CaseOptions,

    #[command(flatten)]
    pub(crate) zone: ZoneOption,

    #[command(flatten)]
    pub(crate) engine: Engine,
}
