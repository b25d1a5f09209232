//! Rows of SQL answers.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use saltmine_query::catalogue::Query;
use saltmine_query::datafusion::execution::SendableRecordBatchStream;
use saltmine_query::incidents::{ExportKind, IncidentRequests, export};
use saltmine_query::{Params, QueryError, Session, SessionOptions};

use crate::error;
use crate::options::{catalogue, damaged, session_options, values, warn_of_damage, warn_of_left_out};
use crate::stream::Batches;
use crate::table::{Batch, Table, column_names, described};
use crate::wait::wait;

/// A statement and its session.
struct BoundStatement {
    session: Session,
    statement: Statement,
}

/// The statement behind the rows. Built-in statements read unredacted values.
pub(crate) enum Statement {
    Sql(String, Params),
    CatalogueQuery(Box<Query>, Params),
    Export(IncidentRequests, ExportKind),
}

impl BoundStatement {
    async fn execute(self: Arc<Self>) -> Result<SendableRecordBatchStream, QueryError> {
        match &self.statement {
            Statement::Sql(sql, params) => self.session.sql(sql, params).await,
            Statement::CatalogueQuery(query, params) => self.session.ask(query, params).await,
            Statement::Export(requests, what) => export(&self.session, requests, *what).await,
        }
    }
}

/// The rows of an answer, computed while they are read.
///
/// Any library that reads Arrow streams accepts them: `polars.DataFrame(rows)`, `pyarrow.table(rows)`,
/// `duckdb.sql("FROM rows")`, `pandas.DataFrame.from_arrow(rows)`. The query runs again each time they are read;
/// `collect()` keeps the rows.
#[pyclass(frozen, module = "saltmine")]
pub(crate) struct Rows {
    source: Arc<BoundStatement>,
    schema: SchemaRef,
    /// The running query, for the first reader.
    first: Mutex<Option<SendableRecordBatchStream>>,
}

impl Rows {
    fn open(py: Python<'_>, options: SessionOptions, statement: Statement) -> PyResult<Self> {
        let opened = wait(py, async move {
            let session = Session::open(&options).await?;
            Self::start(session, statement).await
        })?;
        opened.map_err(|problem| error::query(&problem))
    }

    /// Starts the statement for the first reader.
    pub(crate) async fn start(session: Session, statement: Statement) -> Result<Self, QueryError> {
        let source = Arc::new(BoundStatement { session, statement });
        let stream = Arc::clone(&source).execute().await?;
        Ok(Self { source, schema: stream.schema(), first: Mutex::new(Some(stream)) })
    }

    fn batches(&self, py: Python<'_>) -> PyResult<Batches> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stream = match first {
            Some(stream) => stream,
            None => {
                wait(py, Arc::clone(&self.source).execute())?.map_err(|problem| error::query(&problem))?
            }
        };
        let source = Arc::clone(&self.source);
        let warn = move |py: Python<'_>| {
            warn_of_left_out(py, source.session.left_out())?;
            warn_of_damage(py, &source.session.scan_report())
        };
        Batches::new(stream, Box::new(warn))
    }
}

#[pymethods]
impl Rows {
    /// Names of the columns, in order.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        column_names(&self.schema)
    }

    /// Raw files read so far that were damaged or had rejected lines: one dict each, with `log_file`, `state`,
    /// `problem` and `rejects`. Empty for a dataset, which has this information in its tables.
    #[getter]
    fn damaged<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        damaged(py, &self.source.session.scan_report())
    }

    /// Reads all rows into memory.
    fn collect(&self, py: Python<'_>) -> PyResult<Table> {
        let mut batches = self.batches(py)?;
        let mut collected = Vec::new();
        while let Some(batch) = batches.pull(py)? {
            collected.push(batch);
        }
        Ok(Table::new(Arc::clone(&self.schema), collected))
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<RowsIterator> {
        Ok(RowsIterator(Mutex::new(self.batches(py)?)))
    }

    fn __repr__(&self) -> String {
        format!("<saltmine.Rows: {}>", described(&self.schema))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        crate::arrow_capsule::schema(py, &self.schema)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        crate::arrow_capsule::stream(py, Box::new(self.batches(py)?), requested_schema)
    }
}

/// Iterates over the batches of an answer.
#[pyclass(frozen, module = "saltmine")]
struct RowsIterator(Mutex<Batches>);

#[pymethods]
impl RowsIterator {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        let Ok(mut batches) = self.0.try_lock() else {
            return Err(error::other("another thread is reading from this iterator"));
        };
        Ok(batches.pull(py)?.map(Batch))
    }
}

/// Runs SQL. `params` are tagged values, `options` those of a session.
#[pyfunction]
pub(crate) fn query(
    py: Python<'_>,
    sql: String,
    params: &Bound<'_, PyDict>,
    options: &Bound<'_, PyDict>,
) -> PyResult<Rows> {
    Rows::open(py, session_options(options)?, Statement::Sql(sql, values(params)?))
}

/// Runs a catalogue query. `params` are text.
#[pyfunction]
pub(crate) fn named(
    py: Python<'_>,
    name: &str,
    params: Vec<(String, String)>,
    folder: Option<std::path::PathBuf>,
    options: &Bound<'_, PyDict>,
) -> PyResult<Rows> {
    let catalogue = catalogue(folder.as_deref())?;
    let query = catalogue.get(name).map_err(|problem| error::query(&problem))?;
    let params = query.params(&params).map_err(|problem| error::query(&problem))?;
    Rows::open(py, session_options(options)?, Statement::CatalogueQuery(Box::new(query.clone()), params))
}
