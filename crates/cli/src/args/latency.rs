//! Arguments of `saltmine latency`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use saltmine_query::latency::Metric;

use super::case::CaseOptions;
use super::engine::Engine;
use super::time::{NameArgs, TimeRange};

/// `saltmine latency`
#[derive(Debug, Args)]
#[command(after_help = "\
total_time is the time from the first byte of the request to the last byte of the response, including the client's network; turn_around_time is the time S3 needed before it started to respond. Both are in milliseconds. Percentiles are at most 0.1 % too high. In a table, groups with the most requests come first; with a single --metric it also has the mean and more percentiles.

hgrm is the text format for HdrHistogram plotters. A single group is written to standard output or to the file given with -o; several groups are written to the folder given with -o, one file each.

Examples:
  saltmine latency case.lake
  saltmine latency logs/ --by bucket --metric turn_around_time
  saltmine latency case.lake --by operation --format json
  saltmine latency case.lake --format hgrm -o latency/")]
pub(crate) struct LatencyArgs {
    /// A dataset, or log files, folders, globs, s3://BUCKET/PREFIX or - for standard input (default: the case's input)
    #[arg(value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    /// Columns of the table logs to group by ('' = a single group)
    #[arg(long, value_name = "COLUMNS", default_value = "operation,bucket")]
    pub(crate) by: String,

    /// Which time to show (default: both)
    #[arg(long, value_name = "COLUMN", value_parser = parse_metric)]
    pub(crate) metric: Option<Metric>,

    /// Show only groups of at least this many requests (default: 20 in a table, 1 in other formats)
    #[arg(long, value_name = "N")]
    pub(crate) min_count: Option<u64>,

    #[command(flatten)]
    pub(crate) range: TimeRange,

    #[command(flatten)]
    pub(crate) names: NameArgs,

    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: LatencyFormat,

    /// Write the output to a file, or hgrm of several groups to a folder
    #[arg(long, short, value_name = "FILE|FOLDER")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) case: CaseOptions,

    #[command(flatten)]
    pub(crate) engine: Engine,
}

impl LatencyArgs {
    /// The columns to group by.
    pub(crate) fn columns(&self) -> Vec<String> {
        self.by.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// The times to show.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.metric.map_or_else(|| Metric::ALL.to_vec(), |metric| vec![metric])
    }
}

/// Output format of the percentiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LatencyFormat {
    // For people
    Table,
    // A JSON array with an HdrHistogram per group
    Json,
    // Percentile distributions for HdrHistogram's plotters
    Hgrm,
}

fn parse_metric(name: &str) -> Result<Metric, String> {
    Metric::parse(name).ok_or_else(|| "expected total_time or turn_around_time".to_owned())
}
