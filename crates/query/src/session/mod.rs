//! A session: the tables of a dataset or of raw files, the functions, and resource limits.

pub(crate) mod catalogue_query;
mod gathered_logs;
mod options;
mod redaction;
mod register;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use saltmine_lake::Dataset;
use saltmine_s3::S3Url;
use saltmine_scan::{SkippedFiles, Window, discover_within};
use tokio::sync::OnceCell;

use self::catalogue_query::{QueryMode, ReportedTime};
pub use self::options::SessionOptions;
use self::redaction::{hidden, redacted, redacted_context};
use self::register::{limit_time, register_dataset, register_raw, rows_per_batch, set_rows_per_batch};
use crate::catalogue::Query;
use crate::error::QueryError;
use crate::params::Params;
use crate::profiles;
use crate::redact::{self, KeySource, Names, Redactor};
use crate::sql::{self, memory};
use crate::tables::{self, RawInput, RegisteredFiles, ScanReport, views};

/// A session over one input.
pub struct Session {
    /// The context that SQL sees.
    context: SessionContext,
    /// The context with the true tables, if SQL sees redacted ones.
    unredacted: Option<SessionContext>,
    redactor: Option<Arc<Redactor>>,
    /// The names of all requesters, computed on demand.
    everyone: OnceCell<Arc<Names>>,
    raw: Option<Arc<RawInput>>,
    /// The dataset, as given.
    dataset: Option<String>,
    left_out: SkippedFiles,
    files: RegisteredFiles,
    mode: QueryMode,
}

impl Session {
    /// Opens the input and registers `logs`, `rejects`, `sources` and the views with AWS's names.
    ///
    /// # Errors
    /// If an input cannot be read, a dataset is combined with other inputs, an alias is taken or invalid, or a file is
    /// not a table.
    pub async fn open(options: &SessionOptions) -> Result<Self, QueryError> {
        if options.allow_writes && options.redaction.is_some() {
            return Err(QueryError::RedactWrites);
        }
        if options.remote.is_some() && (options.allow_writes || options.redaction.is_some()) {
            return Err(QueryError::RemoteOnlyReads);
        }
        let runtime = sql::runtime(options.memory_limit)?;
        let context = context_of(options, &runtime)?;
        let remote = options.remote.is_some();
        let datasets = options.inputs.iter().filter(|input| Dataset::is_dataset(Path::new(input))).count();
        let (mut root, mut left_out) = (None, SkippedFiles::default());
        let raw = match (&options.inputs[..], datasets) {
            ([input], 1) => {
                let dataset = Dataset::open(Path::new(input))?;
                register_dataset(&context, &dataset, remote)?;
                // A key in the bucket would be stored with the data; --redact-key gives a file instead.
                root = Some(dataset.root().to_path_buf()).filter(|root| S3Url::of_path(root).is_none());
                None
            }
            (inputs, 0) => {
                let window = Window { since: options.since, until: options.until, names: options.names };
                let found = discover_within(inputs, window)?;
                left_out = found.left_out.clone();
                Some(register_raw(&context, found, remote)?)
            }
            (inputs, _) => {
                let dataset = inputs.iter().find(|input| Dataset::is_dataset(Path::new(input)));
                return Err(QueryError::MixedInputs(dataset.cloned().unwrap_or_default()));
            }
        };
        let redactor = options.redaction.as_ref().map(|redaction| Redactor::new(redaction, root.as_deref()));
        let redactor = redactor.transpose()?.map(Arc::new);
        let dataset = options.inputs.first().filter(|_| raw.is_none()).cloned();
        let rows_per_batch = if raw.is_none() && !remote { rows_per_batch(&context).await } else { None };
        rows_per_batch.map_or(Ok(()), |rows| set_rows_per_batch(&context, rows))?;
        let whole = context.table_provider("logs").await?;
        limit_time(&context, options).await?;
        views::register(&context, &options.aliases).await?;
        let files = tables::register(&context, &options.tables).await;
        let reported = ReportedTime { since: options.since, until: options.until };
        let mode = QueryMode { reported, allow_writes: options.allow_writes, remote };
        let everyone = OnceCell::new();
        let Some(redactor) = redactor else {
            let files = files?;
            let (unredacted, redactor) = (None, None);
            return Ok(Self { context, unredacted, redactor, everyone, raw, dataset, left_out, files, mode });
        };
        // The error may quote a value that cannot be parsed as its type.
        let files = files.map_err(|error| hidden(&redactor, error))?;
        let redacted = context_of(options, &runtime)?;
        rows_per_batch.map_or(Ok(()), |rows| set_rows_per_batch(&redacted, rows))?;
        let redacted = redacted_context(&redacted, options, &context, whole, &redactor).await?;
        views::register(&redacted, &options.aliases).await?;
        let (unredacted, redactor) = (Some(context), Some(redactor));
        Ok(Self { context: redacted, unredacted, redactor, everyone, raw, dataset, left_out, files, mode })
    }

    /// The underlying DataFusion context, with the tables that SQL sees.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Runs one or more SQL statements; the last one's rows are the answer. `params` are bound to `$name`.
    ///
    /// # Errors
    /// If the SQL is invalid or refused. Errors while reading rows come through the stream.
    pub async fn sql(&self, sql: &str, params: &Params) -> Result<SendableRecordBatchStream, QueryError> {
        let answer = sql::run(&self.context, sql, params, self.mode.allow_writes).await;
        let Some(redactor) = &self.redactor else { return Ok(answer?.rows) };
        let answer = answer.map_err(|error| hidden(redactor, error))?;
        // A plan contains file names.
        if answer.plan {
            return Ok(redacted(Arc::clone(redactor), answer.rows, Arc::default()));
        }
        // SQL sees redacted values, but an error may quote the statement's own text.
        let (schema, redactor) = (answer.rows.schema(), Arc::clone(redactor));
        let rows = answer.rows.map_err(move |error| redactor.error(&error));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    /// Runs a query of the catalogue. A built-in one reads true values even under redaction, because it must
    /// compare networks and names; its answer is redacted, and its parameters are restricted. Other queries see
    /// redacted tables, like all other SQL.
    ///
    /// # Errors
    /// As [`Session::sql`]; under redaction, also if a parameter could be used to guess hidden values. Messages that
    /// may quote a value are then withheld.
    pub async fn ask(&self, query: &Query, params: &Params) -> Result<SendableRecordBatchStream, QueryError> {
        match (&self.unredacted, &self.redactor) {
            (Some(unredacted), Some(redactor)) if query.builtin => {
                let params = redact::bind(query, params, unredacted, redactor).await?;
                let rows = catalogue_query::rows(unredacted, query, &params, self.mode).await;
                self.redact_rows(rows.map_err(|error| hidden(redactor, error))?, redactor).await
            }
            (None, _) => catalogue_query::rows(&self.context, query, params, self.mode).await,
            _ => {
                profiles::prepare(&self.context, &query.sql, self.mode.remote).await?;
                self.sql(&query.sql, params).await
            }
        }
    }

    /// Runs the program's own SQL on the true tables; the answer is redacted.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub(crate) async fn run_unredacted(
        &self,
        sql: &str,
        params: &Params,
    ) -> Result<SendableRecordBatchStream, QueryError> {
        let (Some(unredacted), Some(redactor)) = (&self.unredacted, &self.redactor) else {
            return self.sql(sql, params).await;
        };
        let answer =
            sql::run(unredacted, sql, params, false).await.map_err(|error| hidden(redactor, error))?;
        self.redact_rows(answer.rows, redactor).await
    }

    /// Redacts rows computed from the true tables.
    async fn redact_rows(
        &self,
        rows: SendableRecordBatchStream,
        redactor: &Arc<Redactor>,
    ) -> Result<SendableRecordBatchStream, QueryError> {
        let schema = rows.schema();
        let has_rows = ["requester", "remote_ip"].iter().all(|name| schema.field_with_name(name).is_ok());
        // A principal is a name too, and need not occur in its row's requester.
        let is_summed = schema.field_with_name("principal").is_ok();
        let names = if has_rows && !is_summed { Arc::default() } else { self.all_names().await? };
        Ok(redacted(Arc::clone(redactor), rows, names))
    }

    /// The names of all requesters in the logs, for answers whose texts may contain names of other rows.
    pub(crate) async fn all_names(&self) -> Result<Arc<Names>, QueryError> {
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
        names.cloned().map_err(|error| self.redacted_error(error))
    }

    /// Redacts rows of the true logs.
    pub(crate) fn redacted(&self, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        match &self.redactor {
            Some(redactor) => redacted(Arc::clone(redactor), rows, Arc::default()),
            None => rows,
        }
    }

    /// Redacts an error.
    pub(crate) fn redacted_error(&self, error: QueryError) -> QueryError {
        match &self.redactor {
            Some(redactor) => hidden(redactor, error),
            None => error,
        }
    }

    /// The context with the true tables.
    pub(crate) fn unredacted(&self) -> &SessionContext {
        self.unredacted.as_ref().unwrap_or(&self.context)
    }

    /// How catalogue queries are run.
    pub(crate) fn mode(&self) -> QueryMode {
        self.mode
    }

    /// The redactor, if redaction is on.
    pub(crate) fn redactor(&self) -> Option<&Arc<Redactor>> {
        self.redactor.as_ref()
    }

    /// The origin of the redaction key; `None` without redaction.
    pub fn redact_key(&self) -> Option<&KeySource> {
        self.redactor.as_ref().map(|redactor| redactor.source())
    }

    /// `text`, redacted if redaction is on.
    pub fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.redactor {
            Some(redactor) => redactor.text(text),
            None => Cow::Borrowed(text),
        }
    }

    /// Damaged files and rejected lines in the raw files read completely so far. Empty for a dataset.
    pub fn scan_report(&self) -> ScanReport {
        let mut report = self.raw.as_ref().map(|raw| raw.report()).unwrap_or_default();
        if self.redactor.is_some() {
            report.change_texts(|text| self.shown(text).into_owned());
        }
        report
    }

    /// The dataset, as given; `None` for raw files.
    pub fn dataset(&self) -> Option<&str> {
        self.dataset.as_deref()
    }

    /// The files that were skipped among the given paths. Empty for a dataset.
    pub fn left_out(&self) -> &SkippedFiles {
        &self.left_out
    }

    /// How files given as tables were interpreted, one sentence each.
    pub fn notes(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.files.notes.iter().map(|note| self.shown(note))
    }

    /// Memory limit for intermediate results, in bytes.
    pub fn memory_limit(&self) -> usize {
        memory::limit_of(&self.context.runtime_env())
    }

    /// Number of source files of the session; 0 for a dataset.
    pub fn raw_files(&self) -> usize {
        self.raw.as_ref().map_or(0, |raw| raw.sources().len())
    }
}

/// A context without tables.
fn context_of(options: &SessionOptions, runtime: &Arc<RuntimeEnv>) -> Result<SessionContext, QueryError> {
    let config = sql::config(options.threads, memory::limit_of(runtime))?;
    let mut context = SessionContext::new_with_config_rt(config, Arc::clone(runtime));
    if let Some(remote) = &options.remote {
        context = SessionContext::new_with_state(remote.state(context.state())?);
    }
    crate::functions::register_all(&context);
    Ok(context)
}
