//! A session: the tables of a dataset or of raw files, the functions, and what DataFusion may use of the machine.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::{Expr, SessionConfig, SessionContext, col, lit};
use futures::{StreamExt, TryStreamExt};
use saltmine_lake::{Dataset, Table};
use saltmine_s3::S3Url;
use saltmine_scan::{Discovery, LeftOut, NameRules, Window, discover_within};
use tokio::sync::OnceCell;

use crate::asked::{self, Asking, Reported};
use crate::catalogue::Query;
use crate::dataset::{DatasetTable, register_bucket};
use crate::error::QueryError;
use crate::files::Registered;
use crate::memory;
use crate::params::Params;
use crate::profiles;
use crate::raw::{RawInput, RawTable, RawTableKind, ScanReport};
use crate::redact::{self, KeySource, Names, RedactedTable, Redaction, RedactionGuard, Redactor};
use crate::remote::{Remote, check_sources};
use crate::sql;
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
    /// Which raw files need not be read where there is a `since` or an `until`, as their names say. No table has anything of
    /// them, and [`Session::left_out`] counts them.
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

/// A session over one input.
pub struct Session {
    /// What SQL sees.
    context: SessionContext,
    /// The true tables, where those that SQL sees are redacted.
    unredacted: Option<SessionContext>,
    redactor: Option<Arc<Redactor>>,
    /// The names of all requesters, once an answer needs them.
    everyone: OnceCell<Arc<Names>>,
    raw: Option<Arc<RawInput>>,
    /// The dataset, as it was given.
    dataset: Option<String>,
    left_out: LeftOut,
    files: Registered,
    asking: Asking,
}

impl Session {
    /// Opens the input, and registers `logs`, `rejects` and `sources`, and the views with AWS's names.
    ///
    /// # Errors
    /// Where an input cannot be read, a dataset stands beside other inputs, an alias is taken or no name, or a file is no
    /// table.
    pub async fn open(options: &SessionOptions) -> Result<Self, QueryError> {
        if options.allow_writes && options.redaction.is_some() {
            return Err(QueryError::RedactWrites);
        }
        if options.remote.is_some() && (options.allow_writes || options.redaction.is_some()) {
            return Err(QueryError::RemoteOnlyReads);
        }
        let runtime = runtime(options)?;
        let context = context(options, &runtime)?;
        let is_remote = options.remote.is_some();
        let datasets = options.inputs.iter().filter(|input| Dataset::is_dataset(Path::new(input))).count();
        let (mut root, mut left_out) = (None, LeftOut::default());
        let raw = match (&options.inputs[..], datasets) {
            ([input], 1) => {
                let dataset = Dataset::open(Path::new(input))?;
                register_dataset(&context, &dataset, is_remote)?;
                // A key in the bucket would be with the data, and a file for it is given by --redact-key.
                root = Some(dataset.root().to_path_buf()).filter(|root| S3Url::of_path(root).is_none());
                None
            }
            (inputs, 0) => {
                let window = Window { since: options.since, until: options.until, names: options.names };
                let found = discover_within(inputs, window)?;
                left_out = found.left_out.clone();
                Some(register_raw(&context, found, is_remote)?)
            }
            (inputs, _) => {
                let dataset = inputs.iter().find(|input| Dataset::is_dataset(Path::new(input)));
                return Err(QueryError::MixedInputs(dataset.cloned().unwrap_or_default()));
            }
        };
        let redactor = options.redaction.as_ref().map(|redaction| Redactor::new(redaction, root.as_deref()));
        let redactor = redactor.transpose()?.map(Arc::new);
        let dataset = options.inputs.first().filter(|_| raw.is_none()).cloned();
        let whole = context.table_provider("logs").await?;
        limit_time(&context, options).await?;
        views::register(&context, &options.aliases).await?;
        let files = crate::files::register(&context, &options.tables).await;
        let reported = Reported { since: options.since, until: options.until };
        let asking = Asking { reported, allow_writes: options.allow_writes, is_remote };
        let everyone = OnceCell::new();
        let Some(redactor) = redactor else {
            let files = files?;
            let (unredacted, redactor) = (None, None);
            return Ok(Self {
                context,
                unredacted,
                redactor,
                everyone,
                raw,
                dataset,
                left_out,
                files,
                asking,
            });
        };
        // A value of a file that does not read as its type may be quoted.
        let files = files.map_err(|error| hidden(&redactor, error))?;
        let redacted = redacted_context(options, &runtime, &context, whole, &redactor).await?;
        views::register(&redacted, &options.aliases).await?;
        let (unredacted, redactor) = (Some(context), Some(redactor));
        Ok(Self { context: redacted, unredacted, redactor, everyone, raw, dataset, left_out, files, asking })
    }

    /// The DataFusion context below, with the tables that SQL sees.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Runs SQL: one statement or several, of which the last one's rows are the answer. `params` are bound to `$name`.
    ///
    /// # Errors
    /// Where the SQL is wrong or refused; what happens while the rows are read comes through the stream.
    pub async fn sql(&self, sql: &str, params: &Params) -> Result<SendableRecordBatchStream, QueryError> {
        let answer = sql::run(&self.context, sql, params, self.asking.allow_writes).await;
        let Some(redactor) = &self.redactor else { return Ok(answer?.rows) };
        let answer = answer.map_err(|error| hidden(redactor, error))?;
        // A plan names files.
        if answer.is_plan {
            return Ok(redacted(Arc::clone(redactor), answer.rows, Arc::default()));
        }
        // What SQL sees is redacted, but an error may quote what the statement has in it.
        let (schema, redactor) = (answer.rows.schema(), Arc::clone(redactor));
        let rows = answer.rows.map_err(move |error| redactor.error(&error));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    /// Asks a question of the catalogue. A built-in one looks at the true values even under redaction, as it must compare
    /// networks and names; its answer is redacted, and its parameters are limited. Others see redacted tables, as all other
    /// SQL does.
    ///
    /// # Errors
    /// As [`Session::sql`]; and under redaction where a parameter could be used to guess what is hidden. Errors that may
    /// quote a value then say so and no more.
    pub async fn ask(&self, query: &Query, params: &Params) -> Result<SendableRecordBatchStream, QueryError> {
        match (&self.unredacted, &self.redactor) {
            (Some(unredacted), Some(redactor)) if query.is_builtin => {
                let params = redact::bind(query, params, unredacted, redactor).await?;
                let rows = asked::rows(unredacted, query, &params, self.asking).await;
                self.hide(rows.map_err(|error| hidden(redactor, error))?, redactor).await
            }
            (None, _) => asked::rows(&self.context, query, params, self.asking).await,
            _ => {
                profiles::prepare(&self.context, &query.sql, self.asking.is_remote).await?;
                self.sql(&query.sql, params).await
            }
        }
    }

    /// Runs SQL of the program's own, over the true tables; the answer is redacted.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub(crate) async fn trusted(
        &self,
        sql: &str,
        params: &Params,
    ) -> Result<SendableRecordBatchStream, QueryError> {
        let (Some(unredacted), Some(redactor)) = (&self.unredacted, &self.redactor) else {
            return self.sql(sql, params).await;
        };
        let answer =
            sql::run(unredacted, sql, params, false).await.map_err(|error| hidden(redactor, error))?;
        self.hide(answer.rows, redactor).await
    }

    /// Rows that were made of the true tables, redacted.
    async fn hide(
        &self,
        rows: SendableRecordBatchStream,
        redactor: &Arc<Redactor>,
    ) -> Result<SendableRecordBatchStream, QueryError> {
        let schema = rows.schema();
        let has_rows = ["requester", "remote_ip"].iter().all(|name| schema.field_with_name(name).is_ok());
        // A principal is a name too, which the requester of its row need not have in it.
        let is_summed = schema.field_with_name("principal").is_ok();
        let names = if has_rows && !is_summed { Arc::default() } else { self.everyone().await? };
        Ok(redacted(Arc::clone(redactor), rows, names))
    }

    /// The names of all requesters of the logs, which an answer may have in a text although it does not name them.
    pub(crate) async fn everyone(&self) -> Result<Arc<Names>, QueryError> {
        let read = || async {
            let mut names = Names::default();
            if self.redactor.as_ref().is_none_or(|redactor| !redactor.hides_principals()) {
                return Ok(Arc::new(names));
            }
            let frame = self.unredacted().table("logs").await?.select_columns(&["requester"])?.distinct()?;
            let mut rows = frame.execute_stream().await?;
            while let Some(batch) = rows.try_next().await? {
                let requesters = cast(batch.column(0), &DataType::Utf8View).map_err(DataFusionError::from)?;
                requesters.as_string_view().iter().flatten().for_each(|name| names.add_requester(name));
            }
            Ok(Arc::new(names))
        };
        let names = self.everyone.get_or_try_init(read).await;
        names.cloned().map_err(|error| self.shown_error(error))
    }

    /// Rows of the true logs, as they may be shown.
    pub(crate) fn redacted(&self, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        match &self.redactor {
            Some(redactor) => redacted(Arc::clone(redactor), rows, Arc::default()),
            None => rows,
        }
    }

    /// An error, as it may be shown.
    pub(crate) fn shown_error(&self, error: QueryError) -> QueryError {
        match &self.redactor {
            Some(redactor) => hidden(redactor, error),
            None => error,
        }
    }

    /// The true tables.
    pub(crate) fn unredacted(&self) -> &SessionContext {
        self.unredacted.as_ref().unwrap_or(&self.context)
    }

    /// How the catalogue's queries are asked.
    pub(crate) fn asking(&self) -> Asking {
        self.asking
    }

    /// What redacts, where something is to be.
    pub(crate) fn redactor(&self) -> Option<&Arc<Redactor>> {
        self.redactor.as_ref()
    }

    /// Where the key of the redaction is from; `None` without redaction.
    pub fn redact_key(&self) -> Option<&KeySource> {
        self.redactor.as_ref().map(|redactor| redactor.source())
    }

    /// `text`, as it may be shown: redacted where that is wanted.
    pub fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.redactor {
            Some(redactor) => redactor.text(text),
            None => Cow::Borrowed(text),
        }
    }

    /// What was damaged or did not read in the raw files that have been read to their ends so far. Empty for a dataset.
    pub fn scan_report(&self) -> ScanReport {
        let mut report = self.raw.as_ref().map(|raw| raw.report()).unwrap_or_default();
        if self.redactor.is_some() {
            report.change_texts(|text| self.shown(text).into_owned());
        }
        report
    }

    /// The dataset, as it was given; `None` for raw files.
    pub fn dataset(&self) -> Option<&str> {
        self.dataset.as_deref()
    }

    /// What was not read of the paths that were given. Nothing for a dataset.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// How files that were given as tables were understood, each a sentence for a person.
    pub fn notes(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.files.notes.iter().map(|note| self.shown(note))
    }

    /// Most bytes of memory for intermediate results.
    pub fn memory_limit(&self) -> usize {
        memory::limit_of(&self.context.runtime_env())
    }

    /// How many source files the session looks at; 0 for a dataset.
    pub fn raw_files(&self) -> usize {
        self.raw.as_ref().map_or(0, |raw| raw.sources().len())
    }
}

/// All DataFusion settings that differ from its own, each with its reason.
fn config(options: &SessionOptions, memory_limit: usize) -> SessionConfig {
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
    // It computes functions such as file_row_index(), and members of structs, below a projection that has given another
    // column the name of theirs, and so of the wrong column.
    settings.optimizer.enable_leaf_expression_pushdown = false;
    // The footers of a dataset are read once, and tell all that is asked of them.
    settings.execution.collect_statistics = false;
    // One sort does with what memory there is.
    settings.optimizer.repartition_sorts = memory::is_ample(memory_limit);
    config
}

fn context(options: &SessionOptions, runtime: &Arc<RuntimeEnv>) -> Result<SessionContext, QueryError> {
    let config = config(options, memory::limit_of(runtime));
    let mut context = SessionContext::new_with_config_rt(config, Arc::clone(runtime));
    if let Some(remote) = &options.remote {
        context = SessionContext::new_with_state(remote.state(context.state())?);
    }
    crate::functions::register_all(&context);
    Ok(context)
}

/// The names of the tables that are not in a schema of their own.
pub(crate) fn table_names(context: &SessionContext) -> Vec<String> {
    let state = context.state();
    let options = &state.config_options().catalog;
    let catalog = context.catalog(&options.default_catalog);
    catalog
        .and_then(|catalog| catalog.schema(&options.default_schema))
        .map_or_else(Vec::new, |schema| schema.table_names())
}

/// What SQL sees under redaction: each table of `unredacted` with its rows redacted. `whole` is the table of the logs without
/// the limits of time, which are filters of the redacted table.
async fn redacted_context(
    options: &SessionOptions,
    runtime: &Arc<RuntimeEnv>,
    unredacted: &SessionContext,
    whole: Arc<dyn TableProvider>,
    redactor: &Arc<Redactor>,
) -> Result<SessionContext, QueryError> {
    let state = SessionStateBuilder::new_from_existing(context(options, runtime)?.state())
        .with_physical_optimizer_rule(Arc::new(RedactionGuard))
        .build();
    let context = SessionContext::new_with_state(state);
    // They say of which file and which line a row is, which are values that no column has.
    for function in ["input_file_name", "file_row_index"] {
        context.deregister_udf(function);
    }
    for name in table_names(unredacted) {
        let is_of_file = options.tables.iter().any(|(table, _)| *table == name);
        let redactor = if is_of_file { Arc::new(redactor.for_file(&name)) } else { Arc::clone(redactor) };
        let (table, limit) = if name == "logs" {
            (Arc::clone(&whole), time_filter(options))
        } else {
            (unredacted.table_provider(name.as_str()).await?, None)
        };
        context.register_table(name.as_str(), Arc::new(RedactedTable::new(table, redactor, limit)))?;
    }
    Ok(context)
}

/// An error that may quote a value, as it may be shown.
fn hidden(redactor: &Redactor, error: QueryError) -> QueryError {
    match error {
        QueryError::Sql(error) if matches!(error.find_root(), DataFusionError::ArrowError(..)) => {
            QueryError::Hidden
        }
        QueryError::Sql(error) => QueryError::Sql(redactor.error(&error)),
        QueryError::Table { name, problem } => {
            QueryError::Table { name, problem: redactor.text(&problem).into_owned() }
        }
        error => error,
    }
}

/// Rows of true values, or of a plan, as they may be shown. What goes wrong while they are made may quote them.
fn redacted(
    redactor: Arc<Redactor>,
    rows: SendableRecordBatchStream,
    names: Arc<Names>,
) -> SendableRecordBatchStream {
    let schema = rows.schema();
    let rows = rows.map(move |batch| match batch {
        Ok(batch) => redactor.batch(&batch, &names),
        Err(_) => Err(DataFusionError::External(Box::new(QueryError::Hidden))),
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

fn runtime(options: &SessionOptions) -> Result<Arc<RuntimeEnv>, QueryError> {
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::OsTmpDirectory);
    let builder = RuntimeEnvBuilder::new().with_disk_manager_builder(disk);
    let limit = options.memory_limit.unwrap_or_else(memory::default_limit);
    let consumers = std::num::NonZeroUsize::MIN.saturating_add(2);
    let pool = TrackConsumersPool::new(FairSpillPool::new(limit), consumers);
    Ok(builder.with_memory_pool(Arc::new(pool)).build_arc()?)
}

/// The limits of the time of requests, as a filter.
fn time_filter(options: &SessionOptions) -> Option<Expr> {
    let time = |micros| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
    let since = options.since.map(|since| col("request_time").gt_eq(time(since)));
    let until = options.until.map(|until| col("request_time").lt(time(until)));
    since.into_iter().chain(until).reduce(Expr::and)
}

/// Puts a filter over the table `logs`, which scans use to skip files.
async fn limit_time(context: &SessionContext, options: &SessionOptions) -> Result<(), QueryError> {
    let Some(filter) = time_filter(options) else { return Ok(()) };
    let view = context.table("logs").await?.filter(filter)?.into_view();
    if let Some(all) = context.deregister_table("logs")? {
        context.register_table(profiles::ALL_LOGS, all)?;
    }
    context.register_table("logs", view)?;
    Ok(())
}

fn register_dataset(context: &SessionContext, dataset: &Dataset, is_plain: bool) -> Result<(), QueryError> {
    register_bucket(context, dataset)?;
    let tables: Vec<Table> = Table::ALL.into_iter().chain([Table::Duplicates]).collect();
    for (table, files) in tables.iter().zip(dataset.files_together(&tables)?) {
        let provider = DatasetTable::of_files(*table, files, is_plain)?;
        context.register_table(table.name(), Arc::new(provider))?;
    }
    Ok(())
}

fn register_raw(
    context: &SessionContext,
    found: Discovery,
    is_remote: bool,
) -> Result<Arc<RawInput>, QueryError> {
    let mut sources = found.sources;
    if is_remote {
        check_sources(&sources)?;
    }
    let spooled = crate::stdin::spool(&mut sources)?;
    let input = RawInput::new(sources, spooled, is_remote);
    let kinds = [
        ("logs", RawTableKind::Logs),
        ("rejects", RawTableKind::Rejects),
        ("sources", RawTableKind::Sources),
    ];
    for (name, kind) in kinds {
        context.register_table(name, Arc::new(RawTable::new(Arc::clone(&input), kind, is_remote)))?;
    }
    Ok(input)
}
