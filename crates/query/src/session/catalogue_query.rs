//! Runs catalogue queries over all records and reports those within the time range.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::{cast, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;

use crate::catalogue::{Kind, Query};
use crate::error::QueryError;
use crate::params::Params;
use crate::profiles;
use crate::sql;

/// The time range that detections report: from the first time until before the second; microseconds since 1970
/// (UTC).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReportedTime {
    pub(crate) since: Option<i64>,
    pub(crate) until: Option<i64>,
}

/// How a session runs catalogue queries.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct QueryMode {
    pub(crate) reported: ReportedTime,
    /// Whether user-defined statements may write.
    pub(crate) allow_writes: bool,
    /// Whether other processes execute the plans.
    pub(crate) remote: bool,
}

/// The rows of a catalogue query; for a detection, those that overlap the reported time range.
///
/// # Errors
/// If the SQL is invalid or refused, or a profile cannot be computed.
pub(crate) async fn rows(
    context: &SessionContext,
    query: &Query,
    params: &Params,
    mode: QueryMode,
) -> Result<SendableRecordBatchStream, QueryError> {
    profiles::prepare(context, &query.sql, mode.remote).await?;
    let allow_writes = mode.allow_writes && !query.builtin;
    let rows = sql::run(context, &query.sql, params, allow_writes).await?.rows;
    let reported = mode.reported;
    if query.kind == Kind::Report || (reported.since.is_none() && reported.until.is_none()) {
        return Ok(rows);
    }
    let schema = rows.schema();
    let rows = rows.and_then(move |batch| async move { overlapping(&batch, reported) });
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}

/// Time columns that do not say when something happened.
const NOT_OF_EVENTS: [&str; 1] = ["expires"];

/// The rows whose times lie in the reported range or span it. Rows without a time are kept.
fn overlapping(batch: &RecordBatch, reported: ReportedTime) -> Result<RecordBatch, DataFusionError> {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")));
    let schema = batch.schema();
    let times = schema.fields().iter().zip(batch.columns()).filter(|(field, _)| {
        matches!(field.data_type(), DataType::Timestamp(..))
            && !NOT_OF_EVENTS.contains(&field.name().as_str())
    });
    let times: Vec<_> = times.map(|(_, column)| cast(column, &micros)).collect::<Result<_, _>>()?;
    let kept: BooleanArray = (0..batch.num_rows())
        .map(|row| {
            let of_row = || {
                let known = times.iter().filter(move |column| column.is_valid(row));
                known.map(move |column| column.as_primitive::<TimestampMicrosecondType>().value(row))
            };
            let (Some(first), Some(last)) = (of_row().min(), of_row().max()) else { return Some(true) };
            let is_late_enough = reported.since.is_none_or(|since| last >= since);
            Some(is_late_enough && reported.until.is_none_or(|until| first < until))
        })
        .collect();
    Ok(filter_record_batch(batch, &kept)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::arrow::array::{ArrayRef, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn rows_are_reported_if_they_touch_the_time() {
        let column = |values: Vec<Option<i64>>| -> ArrayRef {
            Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
        };
        let batch = RecordBatch::try_from_iter(vec![
            ("first_seen", column(vec![Some(1), Some(10), Some(30), None])),
            ("last_seen", column(vec![Some(5), Some(20), Some(40), None])),
            ("expires", column(vec![Some(99), Some(99), Some(99), None])),
        ])
        .unwrap();
        let count = |since, until| overlapping(&batch, ReportedTime { since, until }).unwrap().num_rows();
        assert_eq!(count(None, None), 4);
        assert_eq!(count(Some(20), None), 3);
        assert_eq!(count(Some(21), None), 2);
        assert_eq!(count(None, Some(10)), 2);
        assert_eq!(count(Some(12), Some(13)), 2);
    }
}
