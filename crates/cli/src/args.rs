//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use saltmine_generate::GenerateArgs;
use saltmine_query::local_time::Zone;

pub(crate) use self::case::{CaseAction, CaseArgs, CaseOptions};
pub(crate) use self::cluster::ClusterArgs;
#[cfg(feature = "cluster")]
pub(crate) use self::cluster::{ExecutorArgs, SchedulerArgs};
pub(crate) use self::engine::Engine;
pub(crate) use self::export::ExportArgs;
pub(crate) use self::help::command;
pub(crate) use self::hunt::{HuntArgs, HuntFormat};
pub(crate) use self::latency::{LatencyArgs, LatencyFormat};
pub(crate) use self::query::{QueriesArgs, QueriesFormat, QueryArgs};
pub(crate) use self::redact::join_redact;
pub(crate) use self::report::ReportArgs;
pub(crate) use self::s3::S3Args;
pub(crate) use self::shell::ShellArgs;
pub(crate) use self::time::{FileRange, NameArgs, TimeRange, span};
pub(crate) use self::timeline::{TimelineArgs, TimelineFormat};
pub(crate) use self::verify::{CustodyArgs, VerifyArgs};

mod case;
mod cluster;
mod engine;
mod export;
mod help;
mod hunt;
mod latency;
mod query;
mod redact;
mod report;
mod s3;
mod shell;
mod size;
mod time;
mod timeline;
mod verify;

/// Investigate Amazon S3 server access logs: parse every line, hunt for attacks, query with SQL.
#[derive(Debug, Parser)]
#[command(name = "saltmine", version, about, propagate_version = true, max_term_width = 100)]
#[command(after_help = "\
Examples:
  saltmine ingest logs/ --to case.lake
  saltmine hunt case.lake
  saltmine query case.lake 'SELECT operation, count(*) FROM logs GROUP BY 1'
  saltmine report case.lake -o report.html

S3: paths and datasets can be s3://BUCKET/PREFIX. Credentials, region and endpoint come from the environment, as with AWS's tools: AWS_ACCESS_KEY_ID, AWS_PROFILE (keys only), web identity, container or instance role, AWS_REGION, AWS_ENDPOINT_URL, AWS_ALLOW_HTTP.

Long text goes to $PAGER, or else to less. PAGER=cat switches this off.

Exit codes: 0 success, 1 error, 2 usage error, 3 completed with damaged or rejected input, 4 findings at or above --fail-on, 130 interrupted.")]
pub(crate) struct Cli {
    /// The subcommand.
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) global: Global,
}

/// Options of every subcommand.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Global {
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub(crate) color: ColorWhen,

    /// Print only warnings and errors, no progress or summaries
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,

    /// Verbose output: inputs, settings, each file read and timings; -vv adds diagnostics of each step and S3 request
    #[arg(long, short, global = true, help_heading = "Global options", conflicts_with = "quiet")]
    #[arg(action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    // On a terminal, unless NO_COLOR is set; elsewhere with CLICOLOR_FORCE
    Auto,
    // Always
    Always,
    // Never
    Never,
}

/// A command that uses a case file.
pub(crate) struct CaseUse<'a> {
    pub(crate) options: &'a CaseOptions,
    /// Folder with the user's own queries.
    pub(crate) queries: Option<&'a Path>,
    pub(crate) tz: Option<&'a Zone>,
    /// Whether output is redacted.
    pub(crate) hides_values: bool,
    /// The input paths; the case provides a default.
    pub(crate) inputs: &'a mut Vec<String>,
    /// Whether the last of them is SQL.
    pub(crate) ends_in_sql: bool,
}

impl Command {
    /// The case of the commands that use one.
    pub(crate) fn case(&mut self) -> Option<CaseUse<'_>> {
        let hides_values = self.redacted();
        let (options, queries, tz, inputs) = match self {
            Self::Query(args) => {
                let ends_in_sql = args.name.is_none() && args.file.is_none();
                let queries = args.queries.as_deref();
                let inputs = &mut args.inputs;
                return Some(CaseUse {
                    options: &args.case,
                    queries,
                    tz: None,
                    hides_values,
                    inputs,
                    ends_in_sql,
                });
            }
            Self::Hunt(args) => {
                (&args.case, args.choice.queries.as_deref(), args.zone.tz.as_ref(), &mut args.inputs)
            }
            Self::Timeline(args) => {
                (&args.case, args.choice.queries.as_deref(), args.zone.tz.as_ref(), &mut args.inputs)
            }
            Self::Report(args) => {
                (&args.case, args.queries.as_deref(), args.zone.tz.as_ref(), &mut args.inputs)
            }
            Self::Export(args) => (&args.case, args.choice.queries.as_deref(), None, &mut args.inputs),
            Self::Shell(args) => (&args.case, None, None, &mut args.inputs),
            Self::Latency(args) => (&args.case, None, None, &mut args.inputs),
            _ => return None,
        };
        Some(CaseUse { options, queries, tz, hides_values, inputs, ends_in_sql: false })
    }

    /// Whether output is redacted.
    pub(crate) fn redacted(&self) -> bool {
        let redact = match self {
            Self::Query(args) => &args.engine.redact,
            Self::Hunt(args) => &args.engine.redact,
            Self::Report(args) => &args.engine.redact,
            Self::Shell(args) => &args.engine.redact,
            Self::Latency(args) => &args.engine.redact,
            Self::Timeline(args) => &args.redact,
            Self::Export(args) => &args.engine.redact,
            _ => return false,
        };
        redact.redact.is_some()
    }

    /// The S3 options of the commands that have them.
    pub(crate) fn s3(&self) -> Option<S3Args> {
        match self {
            Self::Ingest(args) => Some(args.s3),
            Self::Query(args) => Some(args.engine.s3),
            Self::Hunt(args) => Some(args.engine.s3),
            Self::Timeline(args) => Some(args.s3),
            Self::Report(args) => Some(args.engine.s3),
            Self::Export(args) => Some(args.engine.s3),
            Self::Shell(args) => Some(args.engine.s3),
            Self::Latency(args) => Some(args.engine.s3),
            Self::Case(args) => Some(args.s3),
            Self::Verify(args) => Some(args.s3),
            Self::Status(args) => Some(args.s3),
            Self::Compact(args) => Some(args.s3),
            Self::Recover(args) => Some(args.s3),
            _ => None,
        }
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read logs into a dataset (Delta Lake tables of Parquet files)
    Ingest(IngestArgs),
    /// Run SQL on a dataset or directly on log files
    Query(QueryArgs),
    /// List the queries of the catalogue, or show one
    Queries(QueriesArgs),
    /// Run all detections and show incidents and findings
    Hunt(HuntArgs),
    /// Reconstruct the activity of a principal, IP, object or request
    Timeline(TimelineArgs),
    /// List what was taken, destroyed or changed in an incident
    Export(ExportArgs),
    /// Write a self-contained HTML report: findings, charts, SQL
    Report(ReportArgs),
    /// Open an SQL prompt with history and completion
    Shell(ShellArgs),
    /// Show latency percentiles by operation and bucket
    Latency(LatencyArgs),
    /// Write, show or check a case file: time zone, known work, notes
    Case(CaseArgs),
    /// Prove that a dataset matches its log files
    Verify(VerifyArgs),
    /// Show what a dataset contains and what is missing
    Status(StatusArgs),
    /// Merge small files; optionally remove duplicate records
    Compact(CompactArgs),
    /// Complete or remove what an interrupted run left behind
    Recover(RecoverArgs),
    /// Show the columns of the table logs, or its DDL
    Schema(SchemaArgs),
    /// Run a cluster scheduler
    #[cfg(feature = "cluster")]
    Scheduler(SchedulerArgs),
    /// Run a cluster executor
    #[cfg(feature = "cluster")]
    Executor(ExecutorArgs),
    /// Show what to do about an incident, step by step
    Playbook(PlaybookArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Print the manual, or write its pages to a folder
    Man(ManArgs),
    /// Generate sample logs with attacks and hunt through them
    Demo(DemoArgs),
    /// Generate logs with known content, for tests and benchmarks
    #[command(hide = true)]
    Generate(GenerateArgs),
}

/// `saltmine ingest`
#[derive(Debug, Args)]
#[command(after_help = "\
Files can be plain, gzip (also with several members) or zstd; the compression is detected by content. Lines are text, or JSON objects as AWS delivers these logs through CloudWatch Logs and to table buckets. Files already in the dataset are skipped, so the command can be rerun safely. Lines that cannot be parsed are kept in the table rejects, with their file, line and reason.

A dataset contains every line of the files that were read. --since and --until skip whole log files, never lines. In S3, they skip objects whose keys (as AWS names them) show a delivery outside the range; files on disk are skipped only with --trust-names.

Examples:
  saltmine ingest logs/ --to case.lake
  saltmine ingest 'logs/2026-05-*' more.log.gz --to case.lake --jobs 4
  zcat old.gz | saltmine ingest - --to case.lake
  saltmine ingest s3://my-logs/prefix --since 2026-05-01 --to case.lake
  saltmine ingest s3://my-logs/prefix --to s3://my-lake/case --dry-run

s3://BUCKET/KEY means the object KEY; if there is none, all objects below KEY/; otherwise all objects whose keys start with KEY. Objects that were already read are not read again unless their ETag has changed.")]
pub(crate) struct IngestArgs {
    /// Log files, folders (recursively), globs, s3://BUCKET/PREFIX, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// Dataset to create or extend: a folder or s3://BUCKET/PREFIX
    #[arg(long, value_name = "DATASET")]
    pub(crate) to: PathBuf,

    #[command(flatten)]
    pub(crate) files: FileRange,

    /// How to partition a new dataset
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) partition_by: Option<PartitionColumns>,

    /// Number of threads (0 = one per core)
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    pub(crate) jobs: usize,

    /// Stop and save nothing if a file is damaged or a line is malformed
    #[arg(long, conflicts_with = "keep_going")]
    pub(crate) strict: bool,

    /// Continue past damaged files and malformed lines; exit with code 3 (the default)
    #[arg(long)]
    pub(crate) keep_going: bool,

    /// List the files to read and the number of S3 requests; read nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) s3: S3Args,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// How a dataset is partitioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PartitionColumns {
    // By the UTC date of the request
    #[value(name = "event_date")]
    EventDate,
    // By bucket, then by date
    #[value(name = "bucket,event_date")]
    BucketEventDate,
}

/// `saltmine status`
#[derive(Debug, Args)]
#[command(after_help = "\
Shows the number of requests and their time range, the buckets, incomplete log files, rejected lines, and interrupted ingest rounds.

Examples:
  saltmine status case.lake
  saltmine status case.lake --format json")]
pub(crate) struct StatusArgs {
    /// The dataset
    #[arg(value_name = "DATASET")]
    pub(crate) dataset: PathBuf,

    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ReportFormat,

    #[command(flatten)]
    pub(crate) s3: S3Args,
}

/// `saltmine compact`
#[derive(Debug, Args)]
#[command(after_help = "\
--dedup removes a row only if another row is identical in every logged field, including the request id. Requests that legitimately produce several records (multi-object deletes, copies) keep them all, because those records differ. Of identical rows, the one whose log_file and log_line sort first is kept; the table duplicates lists the removed rows.

Examples:
  saltmine compact case.lake
  saltmine compact case.lake --dedup")]
pub(crate) struct CompactArgs {
    /// The dataset
    #[arg(value_name = "DATASET")]
    pub(crate) dataset: PathBuf,

    /// First remove duplicate records: rows identical to another in every logged field
    #[arg(long)]
    pub(crate) dedup: bool,

    /// Number of threads (0 = one per core)
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    pub(crate) jobs: usize,

    #[command(flatten)]
    pub(crate) s3: S3Args,
}

/// `saltmine recover`
#[derive(Debug, Args)]
#[command(after_help = "\
An ingest commits files in rounds. Each round is atomic, even if the run is killed. Whatever an interrupted run leaves behind is completed or removed by the next ingest or compact, or by this command.

If a file of a partly committed round is lost, the round cannot be completed, and every ingest fails. --discard sets such a round aside, reverts what it had committed and lists what is missing, so that the next ingest reads these sources again.

Examples:
  saltmine recover case.lake
  saltmine recover case.lake --discard")]
pub(crate) struct RecoverArgs {
    /// The dataset
    #[arg(value_name = "DATASET")]
    pub(crate) dataset: PathBuf,

    /// Set aside rounds that cannot be completed because some of their files are lost
    #[arg(long)]
    pub(crate) discard: bool,

    #[command(flatten)]
    pub(crate) s3: S3Args,
}

/// `saltmine schema`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  saltmine schema
  saltmine schema --format athena-ddl > table.sql")]
pub(crate) struct SchemaArgs {
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: SchemaFormat,
}

/// Output format of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaFormat {
    // For people
    Table,
    // For programs
    Json,
    // CREATE EXTERNAL TABLE for Athena
    AthenaDdl,
    // CREATE TABLE for Spark
    SparkDdl,
}

/// `saltmine playbook`
#[derive(Debug, Args)]
#[command(after_help = "\
A playbook lists the signs of an incident, the commands that show who did what and when, how to confirm it in CloudTrail, how to contain it and recover, and what to document. The playbook getting-logs explains how to obtain the logs.

Examples:
  saltmine playbook
  saltmine playbook ransom
  saltmine playbook getting-logs | less")]
pub(crate) struct PlaybookArgs {
    /// Name of the playbook (default: list all)
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// `saltmine completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  saltmine completions bash > /etc/bash_completion.d/saltmine
  saltmine completions zsh > ~/.zfunc/_saltmine   # ~/.zfunc is in $fpath
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
    /// Folder to write one page per command to: saltmine.1, saltmine-ingest.1, …
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
}

/// `saltmine demo`
#[derive(Debug, Args)]
#[command(after_help = "\
The logs are generated: a week of requests to eight buckets, including eleven attacks. You need neither a network nor an AWS account.

Examples:
  saltmine demo
  saltmine demo ~/saltmine-demo")]
pub(crate) struct DemoArgs {
    /// An empty or new folder (default: a temporary one)
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
}

/// Output format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    // For people
    Text,
    // For programs
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
