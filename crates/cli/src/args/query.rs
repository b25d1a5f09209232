//! `saltmine query` and `saltmine queries`: their arguments.

use std::path::PathBuf;

use clap::Args;

use super::engine::Engine;
use super::time::parse_time;
use crate::output::Format;

/// `saltmine query`
#[derive(Debug, Args)]
#[command(after_help = "\
Tables: logs (one row a line), rejects (lines that could not be read), sources (one row a file).
`saltmine query PATH 'DESCRIBE logs'` shows the columns.

Examples:
  saltmine query case.lake 'SELECT requester, sum(bytes_sent) FROM logs GROUP BY 1 ORDER BY 2 DESC LIMIT 20'
  saltmine query logs/ 'SELECT * FROM logs WHERE remote_ip = $ip' -p ip=192.0.2.7
  saltmine query case.lake --name mass-delete -p keys=20 --since 2026-03-01
  saltmine query case.lake --name unused-prefixes --table inventory=inventory.csv
  saltmine query case.lake -f question.sql --format parquet -o answer.parquet")]
pub(crate) struct QueryArgs {
    /// A dataset, or files, folders, globs, s3://BUCKET/KEY or - ; and, last, the SQL unless -f or --name is given
    #[arg(required = true, value_name = "DATASET|PATH... [SQL]")]
    pub(crate) inputs: Vec<String>,

    /// Read the SQL from a file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Ask a question of the catalogue; `saltmine queries` lists them
    #[arg(long, value_name = "QUERY", conflicts_with = "file")]
    pub(crate) name: Option<String>,

    /// Bind $name to a value: an integer, a number, true, false, or text
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,

    /// The table logs has only requests from this time on, such as 2026-03-01 or 2026-03-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<i64>,

    /// The table logs has only requests before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<i64>,

    /// A folder of queries, PACK/NAME.sql, beside those built in; one of the same name takes the other's place
    #[arg(long, value_name = "DIR")]
    pub(crate) queries: Option<PathBuf>,

    /// Form of the answer; table on a terminal and csv elsewhere, unless given or told by -o
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,

    /// Write the answer to a file, which appears when it is whole
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// In csv and tsv, put ' before text that a spreadsheet would take for a formula
    #[arg(long)]
    pub(crate) csv_safe: bool,

    /// Most rows of a table on the screen; 0 for all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) max_rows: usize,

    /// Allow statements that write, or read other files
    #[arg(long, conflicts_with = "redact")]
    pub(crate) allow_writes: bool,

    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// `saltmine queries`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  saltmine queries
  saltmine queries exfiltration
  saltmine queries anonymous-success")]
pub(crate) struct QueriesArgs {
    /// A pack, or a query
    #[arg(value_name = "PACK|NAME")]
    pub(crate) name: Option<String>,

    /// A folder of queries, PACK/NAME.sql, beside those built in; one of the same name takes the other's place
    #[arg(long, value_name = "DIR")]
    pub(crate) queries: Option<PathBuf>,
}
