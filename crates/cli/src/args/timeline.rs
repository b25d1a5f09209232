//! `saltmine timeline`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use saltmine_query::timeline::{IpNet, Selection, parse_network};

use super::cluster::ClusterArgs;
use super::engine::parse_size;
use super::redact::RedactArgs;
use super::time::{parse_span, parse_time};

/// `saltmine timeline`
#[derive(Debug, Args)]
#[command(after_help = "\
A session is what one requester did from one address without a break longer than --idle; who uses two addresses
at once has two sessions. At least one of --requester, --ip, --key and --request-id is needed. Each may be given
several times, for one or the other; different ones must all hold.

First use is told of the requester, the address, operations, buckets and user agents: no request of this requester
in these logs is earlier, be it selected or not. Of what was before the logs begin, that says nothing.

timesketch gives one line a request, in the order of time, which Timesketch imports from a file named *.jsonl.

Examples:
  saltmine timeline case.lake --requester arn:aws:sts::111122223333:assumed-role/ops/cleanup
  saltmine timeline logs/ --ip 198.51.100.0/24 --since 2026-03-05 --until 2026-03-06 --idle 10m
  saltmine timeline case.lake --key 'payroll/*' --requester - --format markdown -o payroll.md
  saltmine timeline case.lake --ip 198.51.100.33 --format timesketch -o case.jsonl")]
pub(crate) struct TimelineArgs {
    /// A dataset, or files, folders, globs, s3://BUCKET/KEY or -
    #[arg(required = true, value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    #[command(flatten)]
    pub(crate) selectors: Selectors,

    /// Only requests from this time on, such as 2026-03-01 or 2026-03-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<i64>,

    /// Only requests before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<i64>,

    /// A break longer than this begins a new session: 90s, 30m, 2h, 1d
    #[arg(long, value_name = "SPAN", default_value = "30m", value_parser = parse_span)]
    pub(crate) idle: i64,

    /// Most sessions that are shown, the earliest; 0 for all, which takes memory for each
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) max_sessions: usize,

    /// Form of the timeline
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: TimelineFormat,

    /// Write the timeline to a file, which appears when it is whole
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Most memory for sorting, such as 512m or 4g; more goes to disk
    #[arg(long, value_name = "SIZE", default_value = "1g", value_parser = parse_size)]
    pub(crate) memory_limit: usize,

    /// Threads; 0 for one a core
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    pub(crate) jobs: usize,

    #[command(flatten)]
    pub(crate) redact: RedactArgs,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// Whose timeline it is.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Selectors {
    /// A requester as logged; * stands for any text, ? for one character; - is anonymous
    #[arg(long = "requester", value_name = "REQUESTER")]
    pub(crate) requesters: Vec<String>,

    /// An address or a network of the client; with --redact also a pseudonym, ip-…
    #[arg(long = "ip", value_name = "CIDR", value_parser = parse_address)]
    pub(crate) addresses: Vec<Address>,

    /// An object key, decoded; * stands for any text, ? for one character, \* and \? for themselves
    #[arg(long = "key", value_name = "PATTERN")]
    pub(crate) keys: Vec<String>,

    /// A request id
    #[arg(long = "request-id", value_name = "ID")]
    pub(crate) request_ids: Vec<String>,
}

/// Form of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimelineFormat {
    /// For people
    Table,
    /// One JSON object
    Json,
    /// One JSON object a session, each on a line
    Ndjson,
    /// A report to hand on
    Markdown,
    /// One JSON object a request, each on a line, for the import of Timesketch
    Timesketch,
}

/// An address, as a person may know it.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    /// As it is.
    Network(IpNet),
    /// As it is shown under redaction.
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
    /// What is wanted of the logs.
    pub(crate) fn selection(&self) -> Selection {
        Selection {
            requesters: self.selectors.requesters.clone(),
            addresses: self.selectors.addresses.iter().filter_map(Address::network).collect(),
            pseudonyms: self.selectors.addresses.iter().filter_map(Address::pseudonym).collect(),
            keys: self.selectors.keys.clone(),
            request_ids: self.selectors.request_ids.clone(),
            since: self.since,
            until: self.until,
        }
    }
}
