//! `saltmine query`: runs SQL on a dataset or on log files.

use std::io::IsTerminal;
use std::path::Path;

use futures::StreamExt;
use saltmine_query::catalogue::Query;
use saltmine_query::datafusion::execution::SendableRecordBatchStream;
use saltmine_query::quantity::grouped;
use saltmine_query::{Param, Params, QueryError, Session, SessionOptions};

use super::coverage::{finish, nothing, require_records};
use crate::args::QueryArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::interrupt::{Interrupts, SecondSignal};
use crate::output::sanitize::sanitize;
use crate::output::{Case, Format, Options, Target, counted};
use crate::progress::QueryBar;
use crate::terminal::Terminal;

pub(crate) fn run(args: &QueryArgs, case: &Case, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let QueryRequest { inputs, statement, params } = question(args, case, terminal)?;
    let range = args.range.check()?;
    let format = args.format.map_or_else(|| default_format(args.output.as_deref()), Ok)?;
    // Create the output file before the work starts, so that a bad path fails at once.
    let target = Target::open(args.output.as_deref())?;
    let options = SessionOptions {
        since: range.since,
        until: range.until,
        names: args.names.rules(),
        allow_writes: args.allow_writes,
        ..args.engine.session(&inputs)
    };
    let output = Options {
        csv_safe: args.csv_safe,
        max_rows: if target.is_terminal() && args.max_rows > 0 { Some(args.max_rows) } else { None },
        width: target.is_terminal().then(|| target.fitting_width()).flatten(),
    };
    block_on(async {
        let session = super::open(&options, terminal).await?;
        let progress = QueryBar::new(terminal);
        let stream = statement.as_statement().run(&session, &params).await?;
        let written = write(stream, format, target, output, Some(&progress)).await;
        progress.finish();
        let Written { rows, hidden } = written?;
        terminal.wrote(args.output.as_deref(), &counted(rows, "row"));
        if hidden > 0 {
            let shown = rows.saturating_sub(hidden as u64);
            terminal.warning(&format!(
                "{} of {} shown; --max-rows 0 shows all",
                grouped(shown),
                counted(rows, "row")
            ));
        }
        if rows == 0 && !session.has_records().await? {
            // An empty answer of a detection must not look like an all-clear.
            if matches!(statement, OwnedStatement::Query(_)) {
                require_records(&session, range, terminal).await?;
            }
            if !terminal.is_quiet() {
                terminal.note(&format!("note: {}", nothing(&session, range).await?));
            }
        }
        Ok(finish(&session, terminal).await)
    })
}

/// Runs a query until it is done or interrupted. A partly written file and temporary folders are then removed, as
/// after any other error; a second interrupt does not wait for that.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let mut interrupts = Interrupts::listen(SecondSignal::Exits)?;
    let runtime = runtime()?;
    let done = runtime.block_on(async {
        tokio::select! {
            biased;
            () = interrupts.next() => Err(CliError::Interrupted),
            done = work => done,
        }
    });
    // Do not wait for files that are still being read.
    runtime.shutdown_background();
    done
}

/// A runtime for DataFusion: as many threads as there are cores.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    Ok(builder.thread_stack_size(saltmine_query::STACK_SIZE).enable_all().build()?)
}

/// The amount of output.
pub(crate) struct Written {
    /// Rows of the result.
    pub(crate) rows: u64,
    /// Rows that were not shown.
    pub(crate) hidden: usize,
}

/// Writes the rows of an answer.
pub(crate) async fn write(
    mut stream: SendableRecordBatchStream,
    format: Format,
    target: Target,
    options: Options,
    progress: Option<&QueryBar>,
) -> Result<Written, CliError> {
    let is_terminal = target.is_terminal();
    let mut writer = format.writer(target, &stream.schema(), options)?;
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(QueryError::from)?;
        rows += batch.num_rows() as u64;
        match progress {
            // Rows would be written over it.
            Some(progress) if is_terminal => progress.finish(),
            Some(progress) => progress.add(batch.num_rows() as u64),
            None => {}
        }
        writer.write(&batch)?;
    }
    Ok(Written { rows, hidden: writer.finish()? })
}

/// A query and its input.
struct QueryRequest {
    inputs: Vec<String>,
    statement: OwnedStatement,
    params: Params,
}

enum OwnedStatement {
    Sql(String),
    Query(Box<Query>),
}

impl OwnedStatement {
    fn as_statement(&self) -> Statement<'_> {
        match self {
            Self::Sql(sql) => Statement::Sql(sql),
            Self::Query(query) => Statement::Query(query),
        }
    }
}

/// SQL or a query of the catalogue.
#[derive(Clone, Copy)]
pub(crate) enum Statement<'a> {
    Sql(&'a str),
    Query(&'a Query),
}

impl Statement<'_> {
    /// Runs it and returns the rows of the answer.
    pub(crate) async fn run(
        self,
        session: &Session,
        params: &Params,
    ) -> Result<SendableRecordBatchStream, QueryError> {
        match self {
            Self::Sql(sql) => session.sql(sql, params).await,
            Self::Query(query) => session.ask(query, params).await,
        }
    }
}

/// Takes the last input as the SQL, unless -f or --name is given.
fn question(args: &QueryArgs, case: &Case, terminal: &Terminal) -> Result<QueryRequest, CliError> {
    let given = args.params.iter().map(|param| parse_param(param)).collect::<Result<Vec<_>, _>>()?;
    let has_sql = || {
        let last = args.inputs.last().filter(|_| args.inputs.len() > 1);
        last.is_some_and(|last| last.contains(char::is_whitespace) && !Path::new(last).exists())
    };
    if (args.name.is_some() || args.file.is_some()) && has_sql() {
        let option = if args.name.is_some() { "--name" } else { "-f" };
        return Err(CliError::Usage(format!("give either SQL or {option}, not both")));
    }
    if let Some(name) = &args.name {
        let catalogue = super::catalogue(args.queries.as_deref())?;
        let query = catalogue.get(name)?;
        let params = query.params(&with_case(query, given, case, terminal))?;
        let statement = OwnedStatement::Query(Box::new(query.clone()));
        return Ok(QueryRequest { inputs: args.inputs.clone(), statement, params });
    }
    let params = given.into_iter().map(|(name, value)| (name, Param::Typed(value))).collect();
    if let Some(path) = &args.file {
        let sql = std::fs::read_to_string(path).map_err(CliError::file(path))?;
        return Ok(QueryRequest { inputs: args.inputs.clone(), statement: OwnedStatement::Sql(sql), params });
    }
    match args.inputs.split_last() {
        Some((sql, inputs)) if !inputs.is_empty() => {
            Ok(QueryRequest { inputs: inputs.to_vec(), statement: OwnedStatement::Sql(sql.clone()), params })
        }
        _ => Err(CliError::Usage(
            "give the SQL after the paths, a file with -f, or a query with --name".into(),
        )),
    }
}

/// The given parameters, and those of the case file.
fn with_case(
    query: &Query,
    given: Vec<(String, String)>,
    case: &Case,
    terminal: &Terminal,
) -> Vec<(String, String)> {
    let Some(file) = case.file() else { return given };
    let is_given = |name: &str| given.iter().any(|(other, _)| other == name);
    let of_case = file.parameters_of(query).into_iter().filter(|(name, _)| !is_given(name));
    let of_case: Vec<String> = of_case
        .map(|(name, value)| if case.hides_values { name } else { format!("{name}={value}") })
        .collect();
    if !of_case.is_empty() {
        terminal.note(&format!("note: from the case file: {}", of_case.join(", ")));
    }
    file.parameters_with(query, given)
}

/// Parses `name=value`.
fn parse_param(param: &str) -> Result<(String, String), CliError> {
    let (name, value) = param
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| CliError::Usage(format!("-p {param}: not name=value")))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// From the file's extension; otherwise a table on a terminal, and CSV elsewhere.
pub(crate) fn default_format(output: Option<&Path>) -> Result<Format, CliError> {
    let Some(path) = output else {
        return Ok(if std::io::stdout().is_terminal() { Format::Table } else { Format::Csv });
    };
    match (Format::of_path(path), path.extension()) {
        (Some(format), _) => Ok(format),
        (None, None) => Ok(Format::Csv),
        (None, Some(_)) => {
            let name = sanitize(&path.to_string_lossy()).into_owned();
            let known = ".csv, .tsv, .json, .ndjson, .md, .parquet or .txt";
            Err(CliError::Usage(format!("{name}: no format has this ending; use {known}, or give --format")))
        }
    }
}
