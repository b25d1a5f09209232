//! The largest changes in the logs, for hunts in which no detection matched.

use serde::Serialize;

use super::rows::{Row, Rows};
use super::story;
use crate::error::QueryError;
use crate::profiles;
use crate::quantity::{bytes, counted};
use crate::redact::Names;
use crate::session::Session;

/// Something that changed in the logs. Not a finding: most changes are harmless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The kind of change, such as `new principal`.
    pub kind: &'static str,
    /// Short name of the subject. May be hostile.
    pub subject: String,
    /// The change, with its numbers.
    pub text: String,
    /// Argument of `saltmine timeline --requester` for the subject; `None` if it is a bucket.
    pub requester: Option<String>,
    /// The bucket, if there is one.
    pub bucket: Option<String>,
}

/// The largest changes: new principals and networks, the largest readers and deleters, and changed settings.
///
/// # Errors
/// If the records cannot be read.
pub async fn changes(session: &Session) -> Result<Vec<Change>, QueryError> {
    let context = session.unredacted();
    let shown = |error| session.redacted_error(error);
    profiles::prepare(context, "profile_origin", session.mode().remote)
        .await
        .map_err(|error| shown(error.into()))?;
    let rows =
        Rows::of(context, include_str!("sql/changes.sql")).await.map_err(|error| shown(error.into()))?;
    let mut changes = rows.iter().map(change).collect::<datafusion::error::Result<Vec<_>>>()?;
    if let Some(redactor) = session.redactor() {
        let names = session.all_names().await?;
        let names: &Names = &names;
        for change in &mut changes {
            let who = change.requester.take().map(|who| redactor.principal(&who).into_owned());
            change.subject = match &who {
                Some(who) => story::name(who),
                None => redactor.text_of(&change.subject, names).into_owned(),
            };
            change.text = redactor.text_of(&change.text, names).into_owned();
            change.bucket = change.bucket.take().map(|bucket| redactor.text_of(&bucket, names).into_owned());
            change.requester = who;
        }
    }
    Ok(changes)
}

fn change(row: Row<'_>) -> datafusion::error::Result<Change> {
    let (principal, requester) = (row.text("principal")?.unwrap_or_default(), row.text("requester")?);
    let (amount, size) = (row.count("amount")?, row.number("bytes")?);
    let (detail, bucket) = (row.text("detail")?.unwrap_or_default(), row.text("bucket")?);
    let (kind, text) = match row.text("kind")?.as_deref() {
        Some("principal") => {
            ("new principal", format!("first seen {detail}, {}", counted(amount, "request")))
        }
        Some("network") => ("new network", format!("{detail}, {}", counted(amount, "request"))),
        Some("reads") => ("most bytes read", format!("{} in {}", bytes(size), counted(amount, "read"))),
        Some("deletes") => ("most deletes", counted(amount, "delete")),
        _ => ("settings changed", counted(amount, "change")),
    };
    Ok(Change { kind, subject: story::name(&principal), text, requester, bucket })
}
