//! Timelines: the activity of a requester, an address, a key or a request, as sessions or request by request.
//!
//! A session is the activity of one requester from one address without a longer break. A requester that uses two
//! addresses at once has two overlapping sessions, which is what an investigator wants to see.
//!
//! DataFusion sorts the rows, spilling to disk if there are many. Only one session is open at a time, and what is
//! kept of each is bounded, so that neither the number of requests nor their text decides how much memory is used.

use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::SortExpr;
use datafusion::prelude::{DataFrame, Expr, col};
use futures::TryStreamExt;

use crate::error::QueryError;
use crate::session::Session;
use crate::sql::memory;

mod first_seen;
mod options;
mod report;
mod rows;
mod selection;
mod similar;
mod split;
mod tally;

pub use ipnet::IpNet;

pub use self::options::TimelineOptions;
pub use self::report::{FirstUse, Statuses, TimelineReport, TimelineSession, Value, Values};
pub use self::selection::{Selection, parse_network};
pub use self::similar::{SimilarTo, similar};
use self::split::Splitter;
pub use crate::time::Time;

/// The sessions of the selected requests.
///
/// The logs are read twice: once for the sessions, and once to find what the requesters of these sessions used for the
/// first time, which takes all of their requests, selected or not.
///
/// # Errors
/// If the logs cannot be read; under redaction, also if the selection could be used to guess hidden values.
pub async fn timeline(
    session: &Session,
    selection: &Selection,
    options: &TimelineOptions,
) -> Result<TimelineReport, QueryError> {
    let order = ["requester", "remote_ip", "request_time", "log_file", "log_line"];
    let frame = matching_requests(session, selection).await?.select_columns(&rows::COLUMNS)?;
    let shown = |error: DataFusionError| session.redacted_error(error.into());
    let sorted = frame.sort(sorted_by(&order))?;
    let mut stream = memory::rows(session.unredacted(), sorted).await.map_err(shown)?;
    let mut splitter = Splitter::new(options);
    while let Some(batch) = stream.try_next().await.map_err(shown)? {
        let rows = rows::Rows::from_batch(&batch)?;
        (0..batch.num_rows()).for_each(|row| splitter.push(&rows.get(row)));
    }
    let (mut report, ids) = splitter.finish();
    first_seen::mark(session, &mut report.sessions, &ids)
        .await
        .map_err(|error| session.redacted_error(error))?;
    if let Some(redactor) = session.redactor() {
        report.sessions.iter_mut().for_each(|found| found.redact(redactor));
    }
    Ok(report)
}

/// The selected requests in time order, with all columns of the logs and `object_key`, the decoded key.
///
/// # Errors
/// If the logs cannot be read. Errors while reading rows come through the stream.
pub async fn requests(
    session: &Session,
    selection: &Selection,
) -> Result<SendableRecordBatchStream, QueryError> {
    let frame = matching_requests(session, selection).await?;
    let frame = frame.sort(sorted_by(&["request_time", "log_file", "log_line"]))?;
    let rows = memory::rows(session.unredacted(), frame)
        .await
        .map_err(|error| session.redacted_error(error.into()))?;
    Ok(session.redacted(rows))
}

async fn matching_requests(session: &Session, selection: &Selection) -> Result<DataFrame, QueryError> {
    // Redacted values are selected by their true value or by their pseudonym.
    let context = session.unredacted();
    let logs = context.table("logs").await?;
    let filter = selection.filter(context, logs.schema(), session.redactor())?;
    let frame = logs.filter(filter)?;
    Ok(frame.with_column("object_key", selection::object_key(context)?)?)
}

fn sorted_by(columns: &[&str]) -> Vec<SortExpr> {
    columns.iter().map(|name| Expr::sort(col(*name), true, true)).collect()
}
