//! `saltmine latency`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use saltmine_query::latency::Metric;

use super::engine::Engine;
use super::time::parse_time;

/// `saltmine latency`
#[derive(Debug, Args)]
#[command(after_help = "\
total_time is from the first byte of the request to the last of the answer, as S3 sees it, and holds the client's
network; turn_around_time is what S3 took to begin to answer. Both in milliseconds. Percentiles are at most 0.1 % too
high.

hgrm is the text that HdrHistogram's plotters read. One group goes to standard output or to the file of -o; of several
groups, each is a file in the folder of -o.

Examples:
  saltmine latency case.lake
  saltmine latency logs/ --by bucket --metric turn_around_time --since 2026-03-01
  saltmine latency case.lake --by '' --metric total_time --format hgrm > all.hgrm
  saltmine latency case.lake --format hgrm -o latency/")]
pub(crate) struct LatencyArgs {
    /// A dataset, or files, folders, globs, s3://BUCKET/KEY or -
    #[arg(required = true, value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    /// Columns of the table logs to group by; '' for one group of all
    #[arg(long, value_name = "COLUMNS", default_value = "operation,bucket")]
    pub(crate) by: String,

    /// Which time; both unless given
    #[arg(long, value_name = "COLUMN", value_parser = parse_metric)]
    pub(crate) metric: Option<Metric>,

    /// Only requests from this time on, such as 2026-03-01 or 2026-03-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<i64>,

    /// Only requests before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<i64>,

    /// Form of the answer
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: LatencyFormat,

    /// Write the answer to a file, or, for hgrm of several groups, to files in a folder
    #[arg(long, short, value_name = "FILE|FOLDER")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) engine: Engine,
}

impl LatencyArgs {
    /// The columns to group by.
    pub(crate) fn columns(&self) -> Vec<String> {
        self.by.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// The times that are asked for.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.metric.map_or_else(|| Metric::ALL.to_vec(), |metric| vec![metric])
    }
}

/// Form of the percentiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LatencyFormat {
    /// For people
    Table,
    /// One JSON array, with each group's histogram as HdrHistogram's tools read it
    Json,
    /// Percentile distributions as text, for HdrHistogram's plotters
    Hgrm,
}

fn parse_metric(name: &str) -> Result<Metric, String> {
    Metric::parse(name).ok_or_else(|| "there are total_time and turn_around_time".to_owned())
}
