//! The rows behind an incident: the list for a breach notice, or for recovery.

use std::collections::HashMap;

use datafusion::execution::SendableRecordBatchStream;

use super::recount::INCIDENT_REQUESTS;
use crate::error::QueryError;
use crate::profiles::{self, REQUESTS};
use crate::questions::request_scope::IncidentRequests;
use crate::session::Session;

/// What of an incident is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Objects that were read or copied: a row each, with how much of it.
    Taken,
    /// Objects that were deleted, expired or written over: a row each.
    Destroyed,
    /// Settings that were changed and objects that were written: a row a request.
    Changed,
    /// All requests: a row each.
    Rows,
}

impl What {
    fn sql(self) -> &'static str {
        match self {
            Self::Taken => include_str!("sql/taken.sql"),
            Self::Destroyed => include_str!("sql/destroyed.sql"),
            Self::Changed => include_str!("sql/changed.sql"),
            Self::Rows => include_str!("sql/rows.sql"),
        }
    }
}

/// Lists what is asked for of some requests. Redacted, where the session is.
///
/// # Errors
/// Where the records cannot be read; what happens while the rows are read comes through the stream.
pub async fn export(
    session: &Session,
    requests: &IncidentRequests,
    what: What,
) -> Result<SendableRecordBatchStream, QueryError> {
    let context = session.unredacted();
    let is_remote = session.mode().remote;
    let prepared = profiles::prepare(context, "requests profile_activity", is_remote).await;
    prepared.map_err(|error| session.shown_error(error.into()))?;
    let frame = context.table(REQUESTS).await?.filter(requests.filter())?;
    context.register_table(INCIDENT_REQUESTS, frame.into_view())?;
    let rows = session.trusted(what.sql(), &HashMap::default()).await;
    // The plan has what it needs.
    context.deregister_table(INCIDENT_REQUESTS)?;
    rows
}
