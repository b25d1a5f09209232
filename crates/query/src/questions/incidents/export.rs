//! The records behind an incident: for breach notification and recovery.

use std::collections::HashMap;

use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use super::request_table::RequestTable;
use crate::error::QueryError;
use crate::profiles;
use crate::questions::request_scope::IncidentRequests;
use crate::session::Session;

/// Which records of an incident to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// Objects that were read or copied: one row per object, with the share that was sent, and whether
    /// the actor read it as usual.
    Taken,
    /// Objects that were deleted, expired or overwritten: one row per object.
    Destroyed,
    /// Changed settings and written objects: one row per request.
    Changed,
    /// All requests: one row each.
    Rows,
}

impl ExportKind {
    fn sql(self) -> &'static str {
        match self {
            Self::Taken => include_str!("sql/taken.sql"),
            Self::Destroyed => include_str!("sql/destroyed.sql"),
            Self::Changed => include_str!("sql/changed.sql"),
            Self::Rows => include_str!("sql/rows.sql"),
        }
    }
}

/// Lists records of the given requests, redacted if the session is.
///
/// # Errors
/// If the records cannot be read; what happens while the rows are read comes through the stream.
pub async fn export(
    session: &Session,
    requests: &IncidentRequests,
    what: ExportKind,
) -> Result<SendableRecordBatchStream, QueryError> {
    let context = session.unredacted();
    let remote = session.mode().remote;
    let table = async {
        profiles::prepare(context, "requests profile_activity", remote).await?;
        RequestTable::new(context, std::slice::from_ref(&requests.0), remote).await
    };
    let table = table.await.map_err(|error| session.redacted_error(error.into()))?;
    let rows = session.run_unredacted(what.sql(), &HashMap::default()).await?;
    // The plan needs the files of the tables, but not their names.
    let folders = table.into_folders();
    let schema = rows.schema();
    let rows = rows.inspect(move |_| {
        let _files_exist_while_rows_are_read = &folders;
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}
