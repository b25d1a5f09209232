//! Options of a session.

use std::path::PathBuf;
use std::sync::Arc;

use saltmine_scan::NameRules;

use crate::redact::Redaction;
use crate::tables::remote::Remote;

/// Options of a session.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    /// One dataset, or paths of logs: files, folders, globs, `-`.
    pub inputs: Vec<String>,
    /// Other files as tables: name and path. The format is detected by extension: csv, tsv, json, ndjson, parquet.
    pub tables: Vec<(String, PathBuf)>,
    /// Limits the table `logs` to requests at or after this time; microseconds since 1970 (UTC).
    pub since: Option<i64>,
    /// Limits the table `logs` to requests before this time; microseconds since 1970 (UTC).
    pub until: Option<i64>,
    /// Which raw files to leave out by name if there is a `since` or `until`. No table includes them, and
    /// [`Session::left_out`](crate::Session::left_out) counts them.
    pub names: NameRules,
    /// Names for the view `athena.s3_access_logs`, as used by published queries: `db.table`.
    pub aliases: Vec<String>,
    /// Memory limit for intermediate results in bytes; sorts and aggregations then spill to disk. `None` for 70 %
    /// of the memory of the machine or container.
    pub memory_limit: Option<usize>,
    /// Number of threads; 0 for one per core.
    pub threads: usize,
    /// Whether statements may write and read other files. Excludes `redaction`.
    pub allow_writes: bool,
    /// The values to redact in all tables, views and messages of the session; `None` for nothing.
    pub redaction: Option<Redaction>,
    /// Executes the plans; `None` for this process. Excludes `redaction` and `allow_writes`.
    pub remote: Option<Arc<dyn Remote>>,
}
