//! Tables and errors under redaction.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionContext;
use futures::StreamExt;

use super::options::SessionOptions;
use super::register::time_filter;
use crate::error::QueryError;
use crate::redact::{Names, RedactedTable, RedactionGuard, Redactor};
use crate::tables::table_names;

/// The context for SQL under redaction: `context` with the tables of `unredacted`, their rows redacted. `whole` is
/// the table of logs without the time range, which becomes a filter of the redacted table.
pub(super) async fn redacted_context(
    context: &SessionContext,
    options: &SessionOptions,
    unredacted: &SessionContext,
    whole: Arc<dyn TableProvider>,
    redactor: &Arc<Redactor>,
) -> Result<SessionContext, QueryError> {
    let state = SessionStateBuilder::new_from_existing(context.state())
        .with_physical_optimizer_rule(Arc::new(RedactionGuard))
        .build();
    let context = SessionContext::new_with_state(state);
    // These virtual columns give the file and line of a row, values that no column of the table has.
    for function in ["input_file_name", "file_row_index"] {
        context.deregister_udf(function);
    }
    for name in table_names(unredacted) {
        let is_of_file = options.tables.iter().any(|(table, _)| *table == name);
        let redactor = if is_of_file { Arc::new(redactor.for_file(&name)) } else { Arc::clone(redactor) };
        let (table, limit) = if name == "logs" {
            (Arc::clone(&whole), time_filter(options.since, options.until))
        } else {
            (unredacted.table_provider(name.as_str()).await?, None)
        };
        context.register_table(name.as_str(), Arc::new(RedactedTable::new(table, redactor, limit)))?;
    }
    Ok(context)
}

/// Redacts an error that may quote a value.
pub(super) fn hidden(redactor: &Redactor, error: QueryError) -> QueryError {
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

/// Redacts rows of true values or of a plan, and errors while reading them.
pub(super) fn redacted(
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
