//! Where no detection found anything: the largest changes, to look at oneself.

use serde::Serialize;

use super::rows::{Row, Rows};
use super::story;
use crate::error::QueryError;
use crate::profiles;
use crate::quantity::{bytes, counted};
use crate::redact::Names;
use crate::session::Session;

/// Something that changed in the logs. No finding: most of these are nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What kind of change, as `new principal`.
    pub kind: &'static str,
    /// Who or what, in short. May be hostile.
    pub subject: String,
    /// What was counted of it.
    pub text: String,
    /// What `saltmine timeline --requester` takes to look at it; `None` where a bucket is meant.
    pub requester: Option<String>,
    /// The bucket, where one is meant.
    pub bucket: Option<String>,
}

/// The largest changes: new principals and networks, who read and deleted most, settings that were changed.
///
/// # Errors
/// Where the records cannot be read.
pub async fn changes(session: &Session) -> Result<Vec<Change>, QueryError> {
    let context = session.unredacted();
    let shown = |error| session.shown_error(error);
    profiles::prepare(context, "profile_origin", session.mode().remote)
        .await
        .map_err(|error| shown(error.into()))?;
    let rows =
        Rows::of(context, include_str!("sql/changes.sql")).await.map_err(|error| shown(error.into()))?;
    let mut changes = rows.iter().map(change).collect::<datafusion::error::Result<Vec<_>>>()?;
    if let Some(redactor) = session.redactor() {
        let names = session.everyone().await?;
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
