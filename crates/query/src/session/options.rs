//! How a session is opened.

use std::path::PathBuf;
use std::sync::Arc;

use saltmine_scan::NameRules;

use crate::redact::Redaction;
use crate::tables::remote::Remote;

/// How a session is opened.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    /// One dataset, or paths of logs: files, folders, globs, `-`.
    pub inputs: Vec<String>,
    /// Other files as tables: name and path. Their form is told by the ending: csv, tsv, json, ndjson, parquet.
    pub tables: Vec<(String, PathBuf)>,
    /// The table `logs` has only requests from this time on; microseconds since 1970, UTC.
    pub since: Option<i64>,
    /// The table `logs` has only requests before this time; microseconds since 1970, UTC.
    pub until: Option<i64>,
    /// Which raw files need not be read where there is a `since` or an `until`, as their names say. No table has anything of
    /// them, and [`Session::left_out`](crate::Session::left_out) counts them.
    pub names: NameRules,
    /// Names for the view `athena.s3_access_logs`, as published queries call it: `db.table`.
    pub aliases: Vec<String>,
    /// Most bytes of memory for intermediate results; sorts and aggregations then go to disk. `None` for 70 % of what the
    /// machine or the container has.
    pub memory_limit: Option<usize>,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// Whether statements may write, and read other files. Not together with `redaction`.
    pub allow_writes: bool,
    /// What is redacted, in every table and view and in all that is told of the session; `None` for nothing.
    pub redaction: Option<Redaction>,
    /// What carries out the plans; `None` for this process. Not together with `redaction` and `allow_writes`.
    pub remote: Option<Arc<dyn Remote>>,
}
