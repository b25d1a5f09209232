//! `saltmine report`: its arguments.

use std::path::PathBuf;

use clap::Args;

use super::engine::Engine;
use super::time::parse_time;

/// `saltmine report`
#[derive(Debug, Args)]
#[command(after_help = "\
The page needs no network and no other file: it opens from disk, prints, and can be handed on. It has the findings of
the hunt with their evidence, traffic over time, the largest requesters, addresses, keys, prefixes and user agents,
percentiles of latency, transport and signatures, access without credentials, changes of settings, and what the logs
cannot tell; each with the SQL that ran.

Examples:
  saltmine report case.lake -o report.html
  saltmine report logs/ --since 2026-03-01 --until 2026-04-01 -o march.html
  saltmine report case.lake --pack destruction --pack exfiltration -o report.html")]
pub(crate) struct ReportArgs {
    /// A dataset, or files, folders, globs, s3://BUCKET/KEY or -
    #[arg(required = true, value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    /// The page, which appears when it is whole; - for standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// What the page is called; such as the number of a case
    #[arg(long, value_name = "TEXT", default_value = "S3 server access logs")]
    pub(crate) title: String,

    /// Only detections of this pack; may be given several times
    #[arg(long = "pack", value_name = "PACK")]
    pub(crate) packs: Vec<String>,

    /// Only requests from this time on, such as 2026-03-01 or 2026-03-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<i64>,

    /// Only requests before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<i64>,

    /// A folder of queries, PACK/NAME.sql, beside those built in; one of the same name takes the other's place
    #[arg(long, value_name = "DIR")]
    pub(crate) queries: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) engine: Engine,
}
