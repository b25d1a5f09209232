//! Arguments of `saltmine timeline`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use saltmine_query::timeline::{IpNet, Selection, parse_network};

use super::case::{CaseOptions, ZoneOption};
use super::cluster::ClusterArgs;
use super::hunt::HuntChoice;
use super::redact::RedactArgs;
use super::s3::S3Args;
use super::size::parse_size;
use super::time::{TimeRange, parse_span};

/// `saltmine timeline`
#[derive(Debug, Args)]
#[command(override_usage = "saltmine timeline [OPTIONS] <SELECTOR>... [DATASET|PATH]...")]
#[command(after_help = "\
A session is a series of requests by one requester from one address without a pause longer than --idle. Give at least one of --requester, --ip, --key, --bucket, --request-id, --incident or --finding. Repeating an option widens the selection; different options narrow it.

Principals, addresses, operations, buckets and user agents are marked as \"first use\" if the logs contain no earlier use of them by that requester. Activity before the start of the logs is unknown.

Each session is one line, which points out what is unusual: the most bytes or requests, deletes, changed settings, failures and first uses. --details shows the operations and objects of each session, --rows every request.

The timesketch format is one line per request in time order, for a file named *.jsonl.

Examples:
  saltmine timeline case.lake --incident 1
  saltmine timeline case.lake --finding mass-delete --rows --format csv
  saltmine timeline case.lake --requester '*:assumed-role/ops/cleanup'
  saltmine timeline logs/ --ip 198.51.100.0/24 --since 2026-03-05 --idle 10m
  saltmine timeline case.lake --key 'payroll/*' --requester -
  saltmine timeline case.lake --ip 198.51.100.33 -o case.jsonl \\
    --format timesketch")]
pub(crate) struct TimelineArgs {
    /// A dataset, or log files, folders, globs, s3://BUCKET/PREFIX or - for standard input (default: the case's input)
    #[arg(value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    #[command(flatten)]
    pub(crate) selectors: Selectors,

    #[command(flatten)]
    pub(crate) range: TimeRange,

    /// Start a new session after this much inactivity: 90s, 30m, 2h, 1d
    #[arg(long, value_name = "SPAN", default_value = "30m", value_parser = parse_span)]
    pub(crate) idle: i64,

    /// Show all details of sessions: operations, objects, errors, user agents
    #[arg(long, conflicts_with = "rows")]
    pub(crate) details: bool,

    /// Show one line per request instead of per session
    #[arg(long)]
    pub(crate) rows: bool,

    /// Show at most this many sessions, earliest first (0 = all; needs memory for each); with --rows, at most this many requests
    #[arg(long, visible_alias = "limit", value_name = "N", default_value_t = 1000)]
    pub(crate) max_sessions: usize,

    #[command(flatten)]
    pub(crate) choice: HuntChoice,

    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: TimelineFormat,

    /// Write the timeline to a file (atomically)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Memory limit for sorting before spilling to disk, such as 512m or 4g
    #[arg(long, value_name = "SIZE", default_value = "1g", value_parser = parse_size)]
    pub(crate) memory_limit: usize,

    /// Number of threads (0 = one per core)
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    pub(crate) jobs: usize,

    #[command(flatten)]
    pub(crate) case: CaseOptions,

    #[command(flatten)]
    pub(crate) zone: ZoneOption,

    #[command(flatten)]
    pub(crate) s3: S3Args,

    #[command(flatten)]
    pub(crate) redact: RedactArgs,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// Which requests to show.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Selectors {
    /// A requester as logged; * is any text, ? one character, - anonymous
    #[arg(long = "requester", value_name = "REQUESTER")]
    pub(crate) requesters: Vec<String>,

    /// A client address or network; with --redact also a pseudonym, ip-…
    #[arg(long = "ip", value_name = "CIDR", value_parser = parse_address)]
    pub(crate) addresses: Vec<Address>,

    /// An object key, decoded; * matches any text, ? one character; escape them as \* and \?
    #[arg(long = "key", value_name = "PATTERN")]
    pub(crate) keys: Vec<String>,

    /// A request id
    #[arg(long = "request-id", value_name = "ID")]
    pub(crate) request_ids: Vec<String>,

    /// A bucket; * matches any text, ? one character
    #[arg(long = "bucket", value_name = "BUCKET")]
    pub(crate) buckets: Vec<String>,

    /// The requests of the incident or actor with this number, as saltmine hunt shows it
    #[arg(long, value_name = "N", conflicts_with = "finding")]
    pub(crate) incident: Option<usize>,

    /// The requests behind the finding of this detection
    #[arg(long, value_name = "NAME")]
    pub(crate) finding: Option<String>,
}

/// Output format of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimelineFormat {
    // For people
    Table,
    // One JSON object
    Json,
    // One JSON object per session, one per line
    Ndjson,
    // A Markdown report
    Markdown,
    // One line per session, or per request with --rows
    Csv,
    // One JSON object per request, one per line, for import into Timesketch
    Timesketch,
}

/// An address to select: a real one or a pseudonym.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    /// A real address or network.
    Network(IpNet),
    /// A pseudonym from redacted output.
    Pseudonym(String),
}

impl Address {
    fn network(&self) -> Option<IpNet> {
        if let Self::Network(network) = self { Some(*network) } else { None }
    }

    fn pseudonym(&self) -> Option<String> {
        if let Self::Pseudonym(pseudonym) = self { Some(pseudonym.clone()) } else { None }
    }
}

fn parse_address(text: &str) -> Result<Address, String> {
    if text.starts_with("ip-") {
        return Ok(Address::Pseudonym(text.to_owned()));
    }
    parse_network(text).map(Address::Network)
}

impl TimelineArgs {
    /// The requests to select.
    pub(crate) fn selection(&self) -> Selection {
        Selection {
            requesters: self.selectors.requesters.clone(),
            addresses: self.selectors.addresses.iter().filter_map(Address::network).collect(),
            pseudonyms: self.selectors.addresses.iter().filter_map(Address::pseudonym).collect(),
            keys: self.selectors.keys.clone(),
            request_ids: self.selectors.request_ids.clone(),
            buckets: self.selectors.buckets.clone(),
            requests: None,
            since: self.range.since,
            until: self.range.until,
        }
    }
}
