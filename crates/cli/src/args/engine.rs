//! Options of every subcommand that runs SQL.

use std::path::PathBuf;

use clap::Args;
use saltmine_query::SessionOptions;

use super::cluster::ClusterArgs;
use super::redact::RedactArgs;
use super::s3::S3Args;
use super::size::parse_size;

/// Options of the SQL engine.
#[derive(Debug, Args)]
pub(crate) struct Engine {
    /// Load a CSV, TSV, JSON, NDJSON or Parquet file as table NAME
    #[arg(long = "table", value_name = "NAME=FILE", value_parser = parse_table)]
    pub(crate) tables: Vec<(String, PathBuf)>,

    /// Name for the Athena view of the logs, with the columns of AWS's table
    #[arg(long = "alias", value_name = "DB.TABLE")]
    pub(crate) aliases: Vec<String>,

    /// Memory limit before spilling to disk, such as 512m or 4g (default: 70 % of RAM)
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) memory_limit: Option<usize>,

    /// Number of threads (0 = one per core)
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    pub(crate) jobs: usize,

    #[command(flatten)]
    pub(crate) s3: S3Args,

    #[command(flatten)]
    pub(crate) redact: RedactArgs,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

impl Engine {
    /// Options for a read-only session.
    pub(crate) fn session(&self, inputs: &[String]) -> SessionOptions {
        SessionOptions {
            inputs: inputs.to_vec(),
            tables: self.tables.clone(),
            aliases: self.aliases.clone(),
            memory_limit: self.memory_limit,
            threads: self.jobs,
            redaction: self.redact.redaction(),
            remote: self.cluster.remote(self.jobs),
            ..SessionOptions::default()
        }
    }
}

/// Parses `NAME=FILE`.
fn parse_table(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("not NAME=FILE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_a_name_and_a_file() {
        assert_eq!(parse_table("a=b=c.csv"), Ok(("a".into(), "b=c.csv".into())));
        assert!(parse_table("a.csv").is_err() && parse_table("=a.csv").is_err());
    }
}
