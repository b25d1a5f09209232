//! Latency: HdrHistograms of the logged times, by group.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::{
    SortColumn, SortOptions, cast, concat_batches, lexsort_to_indices, take_record_batch,
};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{Column, TableReference};
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::{avg, count, max, min};
use datafusion::logical_expr::{Expr, ExprFunctionExt, lit};
use futures::TryStreamExt;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use serde::Serialize;

use crate::error::QueryError;
use crate::functions;
use crate::nearest::nearest;
use crate::session::Session;
use crate::sql::memory;

mod hgrm;

/// A time of a request, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Metric {
    /// From the first byte of the request to the last byte of the response, as S3 sees it.
    TotalTime,
    /// From the last byte of the request to the first byte of the response.
    TurnAroundTime,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 2] = [Self::TotalTime, Self::TurnAroundTime];

    /// The name of its column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TotalTime => "total_time",
            Self::TurnAroundTime => "turn_around_time",
        }
    }

    /// Parses the name of its column; `None` for another name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }
}

/// The latency of a group's requests. Percentiles are at most 0.1 % too high; everything else is exact.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// The values of the grouping columns, with their names; `None` for null.
    pub by: Vec<(String, Option<String>)>,
    /// The metric.
    pub metric: Metric,
    /// Requests with this metric.
    pub count: u64,
    /// The minimum in milliseconds, like all values below.
    pub min: u64,
    /// 50th percentile.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p99_9: u64,
    /// The maximum.
    pub max: u64,
    /// The arithmetic mean.
    pub mean: f64,
    /// The histogram in HdrHistogram's V2 encoding, deflated, in base 64.
    pub histogram: String,
}

impl Group {
    /// The percentile distribution in the text format of HdrHistogram's plotters (`.hgrm`).
    ///
    /// # Errors
    /// If [`Group::histogram`] is not a histogram.
    pub fn hgrm(&self) -> Result<String, QueryError> {
        Ok(hgrm::text(&decode(&self.histogram)?, self.mean, self.max))
    }
}

/// Maximum number of groups; those with the most requests are kept.
pub const MAX_GROUPS: usize = 10_000;

/// The result of [`latency`].
#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    /// Ordered by their values; per group, the metrics in the given order.
    pub groups: Vec<Group>,
    /// Whether there are more than [`MAX_GROUPS`]; those with the fewest requests are then left out.
    pub cut: bool,
}

/// Latency of the requests in `logs`, grouped by columns. Lines without a time or with a negative one are ignored.
///
/// # Errors
/// If a column is unknown or given twice, or the logs cannot be read.
pub async fn latency(session: &Session, by: &[String], metrics: &[Metric]) -> Result<Latency, QueryError> {
    let logs = session.context().table("logs").await?;
    let schema = logs.schema().clone();
    let columns = by.iter().map(|name| {
        let column = Column::new(None::<TableReference>, name.as_str());
        if !schema.fields().iter().any(|field| field.name() == name) {
            let known: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            return Err(wrong(match nearest(name, known.iter().copied()) {
                Some(nearest) => format!("there is no column {name}; did you mean {nearest}?"),
                None => format!("there is no column {name}; the columns are {}", known.join(", ")),
            }));
        }
        if by.iter().filter(|other| *other == name).count() > 1 {
            return Err(wrong(format!("column {name} is given twice")));
        }
        Ok(Expr::Column(column))
    });
    let columns = columns.collect::<Result<Vec<_>, QueryError>>()?;
    let aggregates = metrics.iter().map(|metric| aggregates(*metric)).collect::<Result<Vec<_>, _>>()?;
    let mut frame = logs.aggregate(columns.clone(), aggregates.concat())?;
    if !columns.is_empty() {
        // Groups beyond the maximum are never kept: a group takes some kilobytes, and there may be one per requester.
        let count_of = |metric: &Metric| {
            Expr::Column(Column::new(None::<TableReference>, format!("{} 0", metric.name())))
        };
        let requests = metrics.iter().map(count_of).reduce(|sum, more| sum + more);
        let order = requests.into_iter().map(|requests| requests.sort(false, false));
        let order = order.chain(columns.into_iter().map(|column| column.sort(true, true))).collect();
        frame = frame.sort(order)?.limit(0, Some(MAX_GROUPS + 1))?;
    }
    let shown = |error: DataFusionError| session.redacted_error(error.into());
    let batches: Vec<RecordBatch> =
        memory::rows(session.context(), frame).await.map_err(shown)?.try_collect().await.map_err(shown)?;
    let is_cut = batches.iter().map(RecordBatch::num_rows).sum::<usize>() > MAX_GROUPS;
    let batches = by_keys(&batches, by.len())?;
    let mut groups = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            for (index, metric) in metrics.iter().enumerate() {
                groups.extend(group(batch, row, by, *metric, by.len() + index * COLUMNS_PER_METRIC)?);
            }
        }
    }
    Ok(Latency { groups, cut: is_cut })
}

/// Sorts the rows by their first columns.
fn by_keys(batches: &[RecordBatch], keys: usize) -> Result<Vec<RecordBatch>, QueryError> {
    let (Some(first), true) = (batches.first(), keys > 0) else { return Ok(batches.to_vec()) };
    let sorted = || {
        let rows = concat_batches(first.schema_ref(), batches)?;
        let rows = rows.slice(0, rows.num_rows().min(MAX_GROUPS));
        let options = Some(SortOptions { descending: false, nulls_first: true });
        let columns: Vec<SortColumn> = rows.columns()[..keys]
            .iter()
            .map(|values| SortColumn { values: Arc::clone(values), options })
            .collect();
        take_record_batch(&rows, &lexsort_to_indices(&columns, None)?)
    };
    Ok(vec![sorted().map_err(DataFusionError::from)?])
}

/// Columns per metric in the answer: see [`aggregates`].
const COLUMNS_PER_METRIC: usize = 5;

/// Count, minimum, maximum, mean and histogram.
fn aggregates(metric: Metric) -> Result<Vec<Expr>, DataFusionError> {
    let column = || Expr::Column(Column::new(None::<TableReference>, metric.name()));
    let known = || column().gt_eq(lit(0_i64));
    let histogram = functions::hdr_histogram().call(vec![column()]);
    [count(column()), min(column()), max(column()), avg(column()), histogram]
        .into_iter()
        .enumerate()
        .map(|(index, aggregate)| {
            Ok(aggregate.filter(known()).build()?.alias(format!("{} {index}", metric.name())))
        })
        .collect()
}

/// A group of the answer; `None` if no line has the metric.
fn group(
    batch: &RecordBatch,
    row: usize,
    by: &[String],
    metric: Metric,
    first: usize,
) -> Result<Option<Group>, QueryError> {
    let integer = |column: usize| {
        let column = cast(batch.column(column), &DataType::Int64).map_err(DataFusionError::from)?;
        let column = column.as_primitive::<Int64Type>();
        let value = if column.is_valid(row) { column.value(row) } else { 0 };
        Ok::<_, QueryError>(u64::try_from(value).unwrap_or(0))
    };
    let histogram = cast(batch.column(first + 4), &DataType::Utf8).map_err(DataFusionError::from)?;
    let histogram = histogram.as_string::<i32>();
    if histogram.is_null(row) {
        return Ok(None);
    }
    let encoded = histogram.value(row).to_owned();
    let histogram = decode(&encoded)?;
    let (least, greatest) = (integer(first + 1)?, integer(first + 2)?);
    let at = |share| histogram.value_at_quantile(share).clamp(least, greatest);
    let mean = batch.column(first + 3).as_primitive_opt::<Float64Type>();
    let options = FormatOptions::default();
    let by = by.iter().enumerate().map(|(index, name)| {
        let column = batch.column(index);
        let formatter = ArrayFormatter::try_new(column, &options).map_err(DataFusionError::from)?;
        let value = column.is_valid(row).then(|| formatter.value(row).try_to_string()).transpose();
        Ok::<_, QueryError>((name.clone(), value.map_err(DataFusionError::from)?))
    });
    Ok(Some(Group {
        by: by.collect::<Result<_, _>>()?,
        metric,
        count: integer(first)?,
        min: least,
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p99_9: at(0.999),
        max: greatest,
        mean: mean.map_or(f64::NAN, |mean| mean.value(row)),
        histogram: encoded,
    }))
}

/// Decodes the text written by `hdr_histogram`.
pub(crate) fn decode(text: &str) -> Result<Histogram<u64>, QueryError> {
    let bytes = STANDARD.decode(text).map_err(|problem| wrong(problem.to_string()))?;
    Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(|problem| wrong(problem.to_string()))
}

fn wrong(problem: String) -> QueryError {
    QueryError::Sql(DataFusionError::Plan(problem))
}
