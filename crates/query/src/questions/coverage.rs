//! What an input contains and which parts could not be read, so that no result claims more than it covers.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::error::DataFusionError;
use futures::TryStreamExt;
use serde::Serialize;

use super::timeline::Time;
use crate::error::QueryError;
use crate::session::Session;

/// Maximum number of sources with a problem to name; all are counted.
const MAX_NAMED: usize = 3;

/// Sources that were read more than once, or whose content another source had, have a row without lines.
const TOTALS: &str = "SELECT count(*) FILTER (WHERE state <> 'same') AS files, \
     count(*) FILTER (WHERE state NOT IN ('complete', 'same')) AS incomplete, \
     coalesce(sum(lines), 0) AS lines, coalesce(sum(rows), 0) AS rows, coalesce(sum(rejects), 0) AS rejects, \
     coalesce(sum(blanks), 0) AS blanks, min(first_time) AS first_time, max(last_time) AS last_time FROM sources";

const PROBLEMS: &str = "SELECT log_file, state, problem FROM sources WHERE state NOT IN ('complete', 'same') \
     ORDER BY log_file LIMIT 3";

/// The contents of an input's sources, independent of the session's time range. For raw files, this reads all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Source files.
    pub files: u64,
    /// Files that were not read completely or are not logs.
    pub incomplete: u64,
    /// Lines; `lines = rows + rejects + blanks`.
    pub lines: u64,
    /// Lines that became rows.
    pub rows: u64,
    /// Lines that could not be parsed.
    pub rejects: u64,
    /// Empty lines.
    pub blanks: u64,
    /// Time of the first request; `None` without rows.
    pub first_time: Option<Time>,
    /// Time of the last request.
    pub last_time: Option<Time>,
    /// The first three incomplete sources.
    pub problems: Vec<SourceProblem>,
}

/// A source that is not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceProblem {
    /// Its name. May be hostile, like all text here.
    pub log_file: String,
    /// Its state in one word, such as `truncated`.
    pub state: String,
    /// The problem; empty if none was recorded.
    pub problem: String,
}

impl Coverage {
    /// Applies `shown`, which redacts, to all text.
    #[must_use]
    pub fn shown(mut self, shown: impl Fn(&str) -> String) -> Self {
        for problem in &mut self.problems {
            problem.log_file = shown(&problem.log_file);
            problem.problem = shown(&problem.problem);
        }
        self
    }
}

impl Session {
    /// The contents of the sources.
    ///
    /// # Errors
    /// If the table `sources`, or a raw file, cannot be read.
    pub async fn coverage(&self) -> Result<Coverage, QueryError> {
        let mut coverage = Coverage::default();
        for batch in self.rows(TOTALS).await? {
            let count = |column: &str| integer(&batch, column).map(|value| value.unwrap_or(0));
            let count = |column| count(column).map(|value| u64::try_from(value).unwrap_or(0));
            coverage = Coverage {
                files: count("files")?,
                incomplete: count("incomplete")?,
                lines: count("lines")?,
                rows: count("rows")?,
                rejects: count("rejects")?,
                blanks: count("blanks")?,
                first_time: integer(&batch, "first_time")?.map(Time),
                last_time: integer(&batch, "last_time")?.map(Time),
                problems: Vec::new(),
            };
        }
        if coverage.incomplete > 0 {
            for batch in self.rows(PROBLEMS).await? {
                let columns = ["log_file", "state", "problem"].map(|name| texts(&batch, name));
                let [log_file, state, problem] = columns;
                let (log_file, state, problem) = (log_file?, state?, problem?);
                let named = (0..batch.num_rows()).map(|row| SourceProblem {
                    log_file: log_file[row].clone(),
                    state: state[row].clone(),
                    problem: problem[row].clone(),
                });
                coverage.problems.extend(named.take(MAX_NAMED));
            }
        }
        Ok(coverage)
    }

    /// Whether the table `logs` has a row within the session's time range.
    ///
    /// # Errors
    /// If the logs cannot be read.
    pub async fn has_records(&self) -> Result<bool, QueryError> {
        let batches = self.rows("SELECT log_line FROM logs LIMIT 1").await?;
        Ok(batches.iter().any(|batch| batch.num_rows() > 0))
    }

    async fn rows(&self, sql: &str) -> Result<Vec<RecordBatch>, QueryError> {
        Ok(self.sql(sql, &Default::default()).await?.try_collect().await?)
    }
}

/// The first value of a column; `None` for null.
fn integer(batch: &RecordBatch, name: &str) -> Result<Option<i64>, QueryError> {
    let missing = || DataFusionError::Internal(format!("no column {name}"));
    let column = batch.column_by_name(name).ok_or_else(missing)?;
    let column = cast(column, &DataType::Int64).map_err(DataFusionError::from)?;
    let column = column.as_primitive::<Int64Type>();
    Ok((!column.is_empty() && column.is_valid(0)).then(|| column.value(0)))
}

/// The texts of a column; empty for null.
fn texts(batch: &RecordBatch, name: &str) -> Result<Vec<String>, QueryError> {
    let missing = || DataFusionError::Internal(format!("no column {name}"));
    let column = batch.column_by_name(name).ok_or_else(missing)?;
    let column = cast(column, &DataType::Utf8).map_err(DataFusionError::from)?;
    Ok(column.as_string::<i32>().iter().map(|text| text.unwrap_or_default().to_owned()).collect())
}
