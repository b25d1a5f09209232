//! Statements and their answers, as plain values.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use futures::TryStreamExt;
use serde::Serialize;

use super::statement::Statement;
use crate::error::QueryError;
use crate::params::Params;
use crate::session::Session;

/// A statement and its rows.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// Its name.
    pub name: &'static str,
    /// The SQL.
    pub sql: &'static str,
    /// Values bound to `$name`, as text.
    pub params: Vec<(&'static str, String)>,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows; one value per column.
    pub rows: Vec<Vec<Value>>,
}

/// A value of an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Null.
    Null,
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// Microseconds since 1970 (UTC).
    Time(i64),
    /// Anything else, as text; may come from a log.
    Text(String),
}

impl Value {
    /// The integer; 0 if it is not one.
    pub fn integer(&self) -> i64 {
        match self {
            Self::Integer(number) => *number,
            _ => 0,
        }
    }

    /// The text; `None` if it is not text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

static NULL: Value = Value::Null;

impl Answer {
    /// The value of a row in a column; null if there is no such column.
    pub fn value<'a>(&self, row: &'a [Value], column: &str) -> &'a Value {
        let index = self.columns.iter().position(|name| name == column);
        index.and_then(|index| row.get(index)).unwrap_or(&NULL)
    }

    /// The integer of a row in a column; 0 if it is not one.
    pub fn integer(&self, row: &[Value], column: &str) -> i64 {
        self.value(row, column).integer()
    }

    /// The time of a row in a column, in microseconds since 1970.
    pub fn time(&self, row: &[Value], column: &str) -> Option<i64> {
        match self.value(row, column) {
            Value::Time(micros) => Some(*micros),
            _ => None,
        }
    }

    /// The rows whose column `part` has this value.
    pub fn part<'a>(&'a self, part: &'a str) -> impl Iterator<Item = &'a Vec<Value>> {
        self.rows.iter().filter(move |row| self.value(row, "part").text() == Some(part))
    }
}

/// Runs a statement and collects all of its rows; the statement itself limits their number.
pub(super) async fn ask(
    session: &Session,
    (name, sql): Statement,
    params: &[(&'static str, String)],
) -> Result<Answer, QueryError> {
    let bound: Params = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), ScalarValue::Utf8View(Some(value.clone())).into()))
        .collect();
    let mut stream = session.run_unredacted(sql, &bound).await?;
    let columns = stream.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = Vec::new();
    while let Some(batch) = stream.try_next().await? {
        rows.append(&mut values(&batch)?);
    }
    Ok(Answer { name, sql, params: params.to_vec(), columns, rows })
}

/// The rows of a batch.
pub(super) fn values(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, DataFusionError> {
    let columns = batch.columns().iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    let row = |_| columns.iter_mut().filter_map(Iterator::next).collect();
    Ok((0..batch.num_rows()).map(row).collect())
}

fn column(array: &ArrayRef) -> Result<Vec<Value>, DataFusionError> {
    let kind = array.data_type();
    if kind.is_integer() {
        let numbers = cast(array, &DataType::Int64)?;
        let numbers = numbers.as_primitive::<Int64Type>();
        return Ok(numbers.iter().map(|number| number.map_or(Value::Null, Value::Integer)).collect());
    }
    if kind.is_floating() {
        let numbers = cast(array, &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        return Ok(numbers.iter().map(|number| number.map_or(Value::Null, Value::Float)).collect());
    }
    if let DataType::Timestamp(_, zone) = kind {
        let times = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
        let times = times.as_primitive::<TimestampMicrosecondType>();
        return Ok(times.iter().map(|time| time.map_or(Value::Null, Value::Time)).collect());
    }
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options)?;
    let value = |row| {
        if array.is_null(row) {
            return Ok(Value::Null);
        }
        Ok(Value::Text(formatter.value(row).try_to_string()?))
    };
    (0..array.len()).map(value).collect()
}
