//! Reads cells of a result by column name.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;

use crate::sql::memory;

/// The rows of an internal statement.
pub(super) struct Rows(Vec<RecordBatch>);

/// A row.
#[derive(Clone, Copy)]
pub(super) struct Row<'a>(&'a RecordBatch, usize);

impl Rows {
    pub(super) async fn of(context: &SessionContext, sql: &str) -> Result<Self> {
        Ok(Self(memory::rows(context, context.sql(sql).await?).await?.try_collect().await?))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.0.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| Row(batch, row)))
    }
}

impl Row<'_> {
    fn cell(self, name: &str) -> Result<ArrayRef> {
        let missing = || DataFusionError::Internal(format!("no column {name}"));
        Ok(self.0.column_by_name(name).ok_or_else(missing)?.slice(self.1, 1))
    }

    /// A number; 0 for null.
    pub(super) fn number(self, name: &str) -> Result<i64> {
        Ok(first(&self.cell(name)?)?.unwrap_or(0))
    }

    /// A count; 0 for null.
    pub(super) fn count(self, name: &str) -> Result<u64> {
        Ok(u64::try_from(self.number(name)?).unwrap_or(0))
    }

    /// An index; `None` for null and negative numbers.
    pub(super) fn index(self, name: &str) -> Result<Option<usize>> {
        Ok(first(&self.cell(name)?)?.and_then(|index| usize::try_from(index).ok()))
    }

    /// Microseconds since 1970, UTC.
    pub(super) fn time(self, name: &str) -> Result<Option<i64>> {
        let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        first(&cast(&self.cell(name)?, &micros)?)
    }

    pub(super) fn boolean(self, name: &str) -> Result<bool> {
        let cell = self.cell(name)?;
        let cell = cell.as_boolean();
        Ok(cell.is_valid(0) && cell.value(0))
    }

    pub(super) fn text(self, name: &str) -> Result<Option<String>> {
        let cell = cast(&self.cell(name)?, &DataType::Utf8)?;
        let cell = cell.as_string::<i32>();
        Ok(cell.is_valid(0).then(|| cell.value(0).to_owned()))
    }

    /// The non-null texts of a list.
    pub(super) fn texts(self, name: &str) -> Result<Vec<String>> {
        let cell = self.cell(name)?;
        let Some(list) = cell.as_list_opt::<i32>().filter(|list| list.is_valid(0)) else {
            return Ok(Vec::new());
        };
        let texts = cast(&list.value(0), &DataType::Utf8)?;
        Ok(texts.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
    }
}

fn first(cell: &ArrayRef) -> Result<Option<i64>> {
    let cell = cast(cell, &DataType::Int64)?;
    let cell = cell.as_primitive::<Int64Type>();
    Ok(cell.is_valid(0).then(|| cell.value(0)))
}
