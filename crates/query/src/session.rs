//! A session: the tables of a dataset or of raw files, the functions, and what DataFusion may use of the machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{Expr, SessionConfig, SessionContext, col, lit};
use saltmine_lake::{Dataset, Table};
use saltmine_scan::discover;

use crate::dataset::DatasetTable;
use crate::error::QueryError;
use crate::raw::{RawInput, RawTable, RawTableKind, ScanReport};
use crate::sql::{self, Params};
use crate::views;

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
    /// Names for the view `athena.s3_access_logs`, as published queries call it: `db.table`.
    pub aliases: Vec<String>,
    /// Most bytes of memory for intermediate results; sorts and aggregations then go to disk. `None` for no limit.
    pub memory_limit: Option<usize>,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// Whether statements may write, and read other files.
    pub allow_writes: bool,
}

/// A session over one input.
pub struct Session {
    context: SessionContext,
    raw: Option<Arc<RawInput>>,
    allow_writes: bool,
}

impl Session {
    /// Opens the input, and registers `logs`, `rejects` and `sources`, and the views with AWS's names.
    ///
    /// # Errors
    /// Where an input cannot be read, a dataset stands beside other inputs, an alias is taken or no name, or a file is no
    /// table.
    pub async fn open(options: &SessionOptions) -> Result<Self, QueryError> {
        let context = SessionContext::new_with_config_rt(config(options), runtime(options)?);
        crate::functions::register_all(&context);
        let datasets = options.inputs.iter().filter(|input| Dataset::is_dataset(Path::new(input))).count();
        let raw = match (&options.inputs[..], datasets) {
            ([input], 1) => {
                register_dataset(&context, &Dataset::open(Path::new(input))?)?;
                None
            }
            (inputs, 0) => Some(register_raw(&context, inputs)?),
            (inputs, _) => {
                let dataset = inputs.iter().find(|input| Dataset::is_dataset(Path::new(input)));
                return Err(QueryError::MixedInputs(dataset.cloned().unwrap_or_default()));
            }
        };
        limit_time(&context, options).await?;
        views::register(&context, &options.aliases).await?;
        crate::files::register(&context, &options.tables).await?;
        Ok(Self { context, raw, allow_writes: options.allow_writes })
    }

    /// The DataFusion context below.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Runs SQL: one statement or several, of which the last one's rows are the answer. `params` are bound to `$name`.
    ///
    /// # Errors
    /// Where the SQL is wrong or refused; what happens while the rows are read comes through the stream.
    pub async fn sql(&self, sql: &str, params: &Params) -> Result<SendableRecordBatchStream, QueryError> {
        sql::run(&self.context, sql, params, self.allow_writes).await
    }

    /// What was damaged or did not read in the raw files that have been read to their ends so far. Empty for a dataset.
    pub fn scan_report(&self) -> ScanReport {
        self.raw.as_ref().map(|raw| raw.report()).unwrap_or_default()
    }

    /// How many source files the session looks at; 0 for a dataset.
    pub fn raw_files(&self) -> usize {
        self.raw.as_ref().map_or(0, |raw| raw.sources().len())
    }
}

/// All DataFusion settings that differ from its own, each with its reason.
fn config(options: &SessionOptions) -> SessionConfig {
    let mut config = SessionConfig::new().with_information_schema(true);
    if options.threads > 0 {
        config = config.with_target_partitions(options.threads);
    }
    let settings = config.options_mut();
    // Log times are UTC; what the machine thinks is of no meaning for them.
    settings.execution.time_zone = Some("UTC".into());
    // So that errors can say where in the SQL they are.
    settings.sql_parser.collect_spans = true;
    // Most questions keep few rows of wide ones: filter before the other columns are decoded.
    settings.execution.parquet.pushdown_filters = true;
    settings.execution.parquet.reorder_filters = true;
    // The footers of a dataset are read once, and tell all that is asked of them.
    settings.execution.collect_statistics = false;
    // Sorts of several partitions that go to disk leave each other, and the merge after them, no memory; one sort does
    // with what there is.
    settings.optimizer.repartition_sorts = options.memory_limit.is_none();
    config
}

fn runtime(
    options: &SessionOptions,
) -> Result<Arc<datafusion::execution::runtime_env::RuntimeEnv>, QueryError> {
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::OsTmpDirectory);
    let mut builder = RuntimeEnvBuilder::new().with_disk_manager_builder(disk);
    if let Some(limit) = options.memory_limit {
        let consumers = std::num::NonZeroUsize::MIN.saturating_add(2);
        let pool = TrackConsumersPool::new(FairSpillPool::new(limit), consumers);
        builder = builder.with_memory_pool(Arc::new(pool));
    }
    Ok(builder.build_arc()?)
}

/// Puts a filter over the table `logs`, which scans use to skip files.
async fn limit_time(context: &SessionContext, options: &SessionOptions) -> Result<(), QueryError> {
    let time = |micros| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
    let since = options.since.map(|since| col("request_time").gt_eq(time(since)));
    let until = options.until.map(|until| col("request_time").lt(time(until)));
    let Some(filter) = since.into_iter().chain(until).reduce(Expr::and) else { return Ok(()) };
    let view = context.table("logs").await?.filter(filter)?.into_view();
    context.deregister_table("logs")?;
    context.register_table("logs", view)?;
    Ok(())
}

fn register_dataset(context: &SessionContext, dataset: &Dataset) -> Result<(), QueryError> {
    for table in Table::ALL.into_iter().chain([Table::Duplicates]) {
        context.register_table(table.name(), Arc::new(DatasetTable::open(dataset, table)?))?;
    }
    Ok(())
}

fn register_raw(context: &SessionContext, inputs: &[String]) -> Result<Arc<RawInput>, QueryError> {
    let mut sources = discover(inputs)?;
    let spooled = crate::stdin::spool(&mut sources)?;
    let input = RawInput::new(sources, spooled);
    let kinds = [
        ("logs", RawTableKind::Logs),
        ("rejects", RawTableKind::Rejects),
        ("sources", RawTableKind::Sources),
    ];
    for (name, kind) in kinds {
        context.register_table(name, Arc::new(RawTable::new(Arc::clone(&input), kind)))?;
    }
    Ok(input)
}
