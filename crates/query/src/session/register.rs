//! Registers the tables `logs`, `rejects` and `sources` of a session, with its time range.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::ScalarValue;
use datafusion::config::ConfigNonZeroUsize;
use datafusion::prelude::{Expr, SessionContext, col, lit};
use saltmine_lake::{Dataset, Table};
use saltmine_scan::Discovery;

use super::options::SessionOptions;
use crate::error::QueryError;
use crate::profiles;
use crate::sql::long_rows;
use crate::tables::remote::check_sources;
use crate::tables::{DatasetTable, RawInput, RawTable, RawTableKind, register_bucket, spool};

/// A time range as a filter.
pub(super) fn time_filter(since: Option<i64>, until: Option<i64>) -> Option<Expr> {
    let time = |micros| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
    let since = since.map(|since| col("request_time").gt_eq(time(since)));
    let until = until.map(|until| col("request_time").lt(time(until)));
    since.into_iter().chain(until).reduce(Expr::and)
}

/// Filters the table `logs`; scans use the filter to skip files.
pub(super) async fn limit_time(context: &SessionContext, options: &SessionOptions) -> Result<(), QueryError> {
    let Some(filter) = time_filter(options.since, options.until) else { return Ok(()) };
    let view = context.table("logs").await?.filter(filter)?.into_view();
    if let Some(all) = context.deregister_table("logs")? {
        context.register_table(profiles::ALL_LOGS, all)?;
    }
    context.register_table("logs", view)?;
    Ok(())
}

/// Registers all tables of a dataset as of one version. `plain`: whether strings are plain instead of views.
pub(super) fn register_dataset(
    context: &SessionContext,
    dataset: &Dataset,
    plain: bool,
) -> Result<(), QueryError> {
    register_bucket(context, dataset)?;
    let tables: Vec<Table> = Table::ALL.into_iter().chain([Table::Duplicates]).collect();
    for (table, files) in tables.iter().zip(dataset.files_together(&tables)?) {
        let provider = DatasetTable::of_files(*table, files, plain)?;
        context.register_table(table.name(), Arc::new(provider))?;
    }
    Ok(())
}

/// The number of rows per batch that a dataset with long lines needs; `None` if the usual number fits into memory.
pub(super) async fn rows_per_batch(context: &SessionContext) -> Option<usize> {
    let usual = context.state().config().batch_size();
    // No more sources than fit into a batch, the ones with the longest lines.
    let sql = format!(
        "SELECT inflated_size, lines FROM sources WHERE lines > 0 AND inflated_size / lines > {} \
         ORDER BY inflated_size / lines DESC LIMIT {usual}",
        long_rows::BATCH_BYTES / usual.max(1) as u64
    );
    // If the ledger cannot be read, whoever asks for it gets the error; other tables may be intact.
    let batches = context.sql(&sql).await.ok()?.collect().await.ok()?;
    let mut sources = Vec::new();
    for batch in &batches {
        let counts = |column: usize| batch.column(column).as_primitive::<Int64Type>().values().iter();
        let counts = counts(0).zip(counts(1));
        sources.extend(counts.map(|(bytes, lines)| (bytes.unsigned_abs(), lines.unsigned_abs())));
    }
    long_rows::fitting_batch(sources, usual)
}

/// Sets the number of rows per batch.
pub(super) fn set_rows_per_batch(context: &SessionContext, rows: usize) -> Result<(), QueryError> {
    let rows = ConfigNonZeroUsize::try_new(rows)?;
    context.state_ref().write().config_mut().options_mut().execution.batch_size = rows;
    Ok(())
}

/// Registers the tables of raw logs. `remote`: whether other processes read them.
pub(super) fn register_raw(
    context: &SessionContext,
    found: Discovery,
    remote: bool,
) -> Result<Arc<RawInput>, QueryError> {
    let mut sources = found.sources;
    if remote {
        check_sources(&sources)?;
    }
    let spooled = spool(&mut sources)?;
    let input = RawInput::new(sources, spooled, remote);
    let kinds = [
        ("logs", RawTableKind::Logs),
        ("rejects", RawTableKind::Rejects),
        ("sources", RawTableKind::Sources),
    ];
    for (name, kind) in kinds {
        context.register_table(name, Arc::new(RawTable::new(Arc::clone(&input), kind, remote)))?;
    }
    Ok(input)
}
