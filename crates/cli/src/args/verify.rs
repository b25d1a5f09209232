//! Arguments of `saltmine verify`.

use std::path::PathBuf;

use clap::Args;

use super::{FileRange, ReportFormat, S3Args};

/// `saltmine verify`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  saltmine verify case.lake
  saltmine verify case.lake logs/ --by 'A. Examiner' > verified.txt
  saltmine verify case.lake logs/ --format json > proof.json
  saltmine verify s3://my-lake/case s3://my-logs/prefix --since 2026-05-01

Give the original logs, with the --since, --until and --trust-names of the ingest. Without the logs, only the internal consistency of the dataset is checked, which does not detect changes by someone with write access. Exits with code 1 if a check failed, and with 3 if some rows come from logs that were not given or could not be read.

Signing and checking a report:
  minisign -G -p me.pub -s me.key
  saltmine verify case.lake logs/ -o proof.json --sign me.key
  saltmine verify case.lake --check proof.json.minisig --public-key me.pub
  minisign -Vm proof.json -p me.pub

--sign asks for the key's password on the terminal, or takes it from the environment variable SALTMINE_KEY_PASSWORD; keys without a password (minisign -G -W) work too. --check also compares the dataset with the report and fails if files of the dataset were changed, merged or added since.

Time stamps (RFC 3161) from an authority of your choice; saltmine itself does not connect to it:
  saltmine verify case.lake logs/ -o proof.json --timestamp proof.tsq
  curl -H 'Content-Type: application/timestamp-query' \\
    --data-binary @proof.tsq https://AUTHORITY -o proof.tsr
  saltmine verify case.lake --report proof.json \\
    --check-timestamp proof.tsr --timestamp-ca authority.pem")]
pub(crate) struct VerifyArgs {
    /// The dataset
    #[arg(value_name = "DATASET")]
    pub(crate) dataset: PathBuf,

    /// The original logs: files, folders, globs or s3://BUCKET/KEY. Every line is read again and compared
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,

    #[command(flatten)]
    pub(crate) files: FileRange,

    /// Name of the examiner for the report (default: the user account)
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,

    /// Output format of the report (default: text; json for a report that is signed or time-stamped)
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<ReportFormat>,

    /// Write the report to a file (atomically)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) custody: CustodyArgs,

    #[command(flatten)]
    pub(crate) s3: S3Args,
}

/// Options that sign a report, and check a signed one.
#[derive(Debug, Args)]
#[command(next_help_heading = "Chain of custody")]
pub(crate) struct CustodyArgs {
    /// Sign the report with a minisign secret key; writes OUTPUT.minisig
    #[arg(long, value_name = "KEY", requires = "output", conflicts_with_all = ["check", "check_timestamp"])]
    pub(crate) sign: Option<PathBuf>,

    /// Write a time-stamp request (RFC 3161) for the report to this file, to send to an authority
    #[arg(long, value_name = "TSQ", requires = "output", conflicts_with_all = ["check", "check_timestamp"])]
    pub(crate) timestamp: Option<PathBuf>,

    /// Check a report against its signature, and the dataset against it
    #[arg(long, value_name = "SIGNATURE", requires = "public_key")]
    pub(crate) check: Option<PathBuf>,

    /// Public key of the signer: a minisign file, or the key itself
    #[arg(long, value_name = "KEY", requires = "check")]
    pub(crate) public_key: Option<String>,

    /// The report to check (default: SIGNATURE without .minisig)
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Check an authority's response to a time-stamp request for the report
    #[arg(long, value_name = "TSR", requires = "timestamp_ca")]
    pub(crate) check_timestamp: Option<PathBuf>,

    /// PEM file with the root certificates of the authorities that you trust
    #[arg(long, value_name = "PEM", requires = "check_timestamp")]
    pub(crate) timestamp_ca: Option<PathBuf>,
}
