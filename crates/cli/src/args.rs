//! The arguments, as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::cluster::ClusterArgs;
#[cfg(feature = "cluster")]
pub(crate) use self::cluster::{ExecutorArgs, SchedulerArgs};
pub(crate) use self::engine::Engine;
pub(crate) use self::hunt::{HuntArgs, HuntFormat};
pub(crate) use self::latency::{LatencyArgs, LatencyFormat};
pub(crate) use self::query::{QueriesArgs, QueryArgs};
pub(crate) use self::redact::join_redact;
pub(crate) use self::report::ReportArgs;
pub(crate) use self::s3::S3Args;
pub(crate) use self::shell::ShellArgs;
use self::time::parse_time;
pub(crate) use self::timeline::{TimelineArgs, TimelineFormat};
use crate::generate::GenerateArgs;

mod cluster;
mod engine;
mod hunt;
mod latency;
mod query;
mod redact;
mod report;
mod s3;
mod shell;
mod time;
mod timeline;

/// Mine S3 server access logs: every line, right, into Parquet, and forensic SQL over it.
#[derive(Debug, Parser)]
#[command(name = "saltmine", version, about, propagate_version = true, max_term_width = 100)]
#[command(after_help = "\
Examples:
  saltmine ingest logs/ --to case.lake
  saltmine query case.lake 'SELECT operation, count(*) FROM logs GROUP BY 1 ORDER BY 2 DESC'
  saltmine query logs/ \"SELECT * FROM logs WHERE requester IS NULL\" --format csv -o anonymous.csv
  saltmine ingest s3://my-logs/prefix --since 2026-05-01 --to s3://my-lake/case

Wherever a path or a dataset is asked for, s3://BUCKET/KEY may stand. Credentials, region and endpoint
are taken from the environment, as AWS's tools do: AWS_ACCESS_KEY_ID, AWS_PROFILE (keys, no logins), web
identity, the role of a container or an instance; AWS_REGION; AWS_ENDPOINT_URL, AWS_ALLOW_HTTP.

Exit codes: 0 all well, 1 failed, 2 wrong usage, 3 done but some input was damaged or rejected,
4 a hunt found something at or above --fail-on.")]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) global: Global,

    #[command(flatten)]
    pub(crate) s3: S3Args,
}

/// Options of every subcommand.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Global {
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub(crate) color: ColorWhen,

    /// No progress, no notes and no summary; errors and warnings only
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,

    /// Tell more: what is read and with which settings, each file of an ingest, and how long it took
    #[arg(long, short, global = true, help_heading = "Global options", conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set; with CLICOLOR_FORCE also elsewhere
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read logs into a dataset: Delta Lake tables of Parquet files
    Ingest(IngestArgs),
    /// Ask SQL of a dataset, or of logs directly
    Query(QueryArgs),
    /// List the catalogue of questions, or show one with its SQL
    Queries(QueriesArgs),
    /// Run all detections of the catalogue, the gravest findings first
    Hunt(HuntArgs),
    /// Show what a requester, an address, a key or a request did, as sessions
    Timeline(TimelineArgs),
    /// Write one page to hand on: findings, figures and their SQL, as an HTML file
    Report(ReportArgs),
    /// An SQL prompt with history and completion
    Shell(ShellArgs),
    /// Percentiles of how long requests take, by operation and bucket
    Latency(LatencyArgs),
    /// Check that every source line is accounted for, and every file is what was written
    Verify(VerifyArgs),
    /// Merge the small files of a dataset
    Compact(CompactArgs),
    /// Show the columns of the table logs, or its definition for another engine
    Schema(SchemaArgs),
    /// Share out the work of a cluster
    #[cfg(feature = "cluster")]
    Scheduler(SchedulerArgs),
    /// Do work of a cluster
    #[cfg(feature = "cluster")]
    Executor(ExecutorArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual, or write its pages to a folder
    Man(ManArgs),
    /// Make logs with attacks in them, hunt through them, and say what to type next
    Demo(DemoArgs),
    /// Make logs with known content, for tests and benchmarks
    #[command(hide = true)]
    Generate(GenerateArgs),
}

/// `saltmine ingest`
#[derive(Debug, Args)]
#[command(after_help = "\
Files may be plain, gzip (with several members) or zstd; their content tells, not their name. Lines are text,
or JSON objects as AWS delivers the same logs through CloudWatch Logs and to table buckets. Content that
is in the dataset already is skipped, so the same command again adds only what is new. Lines that cannot
be read are kept in the table `rejects`, with their file, line and reason.

Examples:
  saltmine ingest logs/ --to case.lake
  saltmine ingest 'logs/2026-05-*' more.log.gz --to case.lake --jobs 4
  zcat old.gz | saltmine ingest - --to case.lake
  saltmine ingest s3://my-logs/prefix --since 2026-05-01 --until 2026-06-01 --to case.lake
  saltmine ingest s3://my-logs/prefix --to s3://my-lake/case --dry-run

s3://BUCKET/KEY is an object, else all objects below KEY/, else all whose keys begin so. Objects that were
read before and have not changed since, by their ETags, are not read again.")]
pub(crate) struct IngestArgs {
    /// Files, folders (with all below them), globs, s3://BUCKET/KEY, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// The dataset: a folder, or s3://BUCKET/KEY, made if it is not there
    #[arg(long, value_name = "DATASET")]
    pub(crate) to: PathBuf,

    /// Only files that may hold requests from this time on, as their names tell; S3 may deliver a request
    /// seven days late. Other names are read
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<i64>,

    /// Only files that may hold requests before this time, as their names tell
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<i64>,

    /// How a new dataset is divided into folders
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) partition_by: Option<PartitionColumns>,

    /// Threads; 0 for one a core
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    pub(crate) jobs: usize,

    /// Fail, and commit nothing, if any input is damaged or any line cannot be read
    #[arg(long, conflicts_with = "keep_going")]
    pub(crate) strict: bool,

    /// Go on past damaged input and lines that cannot be read, and end with code 3 (the default)
    #[arg(long)]
    pub(crate) keep_going: bool,

    /// List what would be read, and how many requests to S3 that takes, and read nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// How a dataset is divided into folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PartitionColumns {
    /// By the UTC date of the request
    #[value(name = "event_date")]
    EventDate,
    /// By bucket, then by date
    #[value(name = "bucket,event_date")]
    BucketEventDate,
}

/// `saltmine verify`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  saltmine verify case.lake
  saltmine verify case.lake logs/ --by 'A. Examiner' > verified.txt
  saltmine verify case.lake logs/ --sample 100000 --format json > verified.json

Ends with code 1 unless every check passed.")]
pub(crate) struct VerifyArgs {
    /// The dataset
    #[arg(value_name = "DATASET")]
    pub(crate) dataset: PathBuf,

    /// The folder that the sources were read from, to check their hashes too and to read rows again
    #[arg(value_name = "SOURCE_ROOT")]
    pub(crate) source_root: Option<PathBuf>,

    /// Rows, taken at random, to read again from the sources and to compare in every column
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) sample: u64,

    /// Take the rows that an earlier report with this seed took
    #[arg(long, value_name = "SEED")]
    pub(crate) seed: Option<u64>,

    /// Who verifies, for the report; the name of the account unless given
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,

    /// Form of the report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ReportFormat,
}

/// `saltmine compact`
#[derive(Debug, Args)]
#[command(after_help = "\
Two rows are taken for one only if they are equal in every field of the line, with a request id: the
several records that one request makes rightly (a batch delete, a copy) differ, and stay. Of equal rows
the one is kept whose log_file and log_line come first; the table `duplicates` names those removed.

Examples:
  saltmine compact case.lake
  saltmine compact case.lake --dedup")]
pub(crate) struct CompactArgs {
    /// The dataset
    #[arg(value_name = "DATASET")]
    pub(crate) dataset: PathBuf,

    /// Remove rows first that are in the dataset already, equal in every field of the line
    #[arg(long)]
    pub(crate) dedup: bool,

    /// Threads; 0 for one a core
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    pub(crate) jobs: usize,
}

/// `saltmine schema`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  saltmine schema
  saltmine schema --format athena-ddl > table.sql")]
pub(crate) struct SchemaArgs {
    /// Form of the schema
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: SchemaFormat,
}

/// Form of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaFormat {
    /// For people
    Table,
    /// For programs
    Json,
    /// CREATE EXTERNAL TABLE for Athena
    AthenaDdl,
    /// CREATE TABLE for Spark
    SparkDdl,
}

/// `saltmine completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  saltmine completions bash > ~/.local/share/bash-completion/completions/saltmine
  saltmine completions zsh > ~/.zfunc/_saltmine       (with ~/.zfunc in $fpath)
  saltmine completions fish > ~/.config/fish/completions/saltmine.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// `saltmine man`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  saltmine man | man -l -
  saltmine man ~/.local/share/man/man1 && man saltmine-hunt")]
pub(crate) struct ManArgs {
    /// A folder, made if it is not there, for a page a subcommand: saltmine.1, saltmine-ingest.1, …
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
}

/// `saltmine demo`
#[derive(Debug, Args)]
#[command(after_help = "\
The logs are made up: some thousand requests of a week to eight buckets, and eleven attacks among them. Nothing of
it needs a network or an account.

Examples:
  saltmine demo
  saltmine demo ~/saltmine-demo")]
pub(crate) struct DemoArgs {
    /// A folder that is not there or empty; one for temporary files unless given
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
}

/// Form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_argument_has_help() {
        Cli::command().help_expected(true).debug_assert();
    }
}
