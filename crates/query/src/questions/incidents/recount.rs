//! Counts the requests of incidents: one pass over the records stores them, then small statements count them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use datafusion::error::Result;
use datafusion::prelude::SessionContext;

use super::clue::Clue;
use super::join::{LogContext, origin};
use super::model::{Deed, DeedKind, ExaminedInput};
use super::request_table::RequestTable;
use super::rows::Rows;
use crate::profiles;
use crate::questions::request_scope::Scope;
use crate::questions::timeline::Time;

/// Requests per day from which a principal counts as busy.
const BUSY_REQUESTS_PER_DAY: i64 = 500;
/// Maximum number of known principals per network; more make no difference.
const MAX_RESIDENTS: usize = 50;

/// The counts for one actor.
#[derive(Clone, Debug, Default)]
pub(super) struct ActorCounts {
    pub(super) requests: u64,
    pub(super) failed: u64,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) addresses: u64,
    pub(super) remote_ips: Vec<String>,
    pub(super) sessions: u64,
    pub(super) requesters: Vec<String>,
    pub(super) user_agents: Vec<String>,
}

/// The effect on the objects that were changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Impact {
    pub(super) objects: u64,
    /// Objects that existed before.
    pub(super) existed: u64,
    pub(super) failing: u64,
    pub(super) failures: u64,
    pub(super) reads_after: u64,
    pub(super) restored: u64,
    pub(super) failed_first: Option<i64>,
    pub(super) failed_last: Option<i64>,
    pub(super) failed_for: Vec<String>,
    pub(super) error_codes: Vec<String>,
}

/// The counts for one incident.
#[derive(Clone, Debug, Default)]
pub(super) struct IncidentCounts {
    pub(super) actors: BTreeMap<usize, ActorCounts>,
    pub(super) deeds: Vec<Deed>,
    pub(super) overwritten: Impact,
    pub(super) destroyed: Impact,
}

/// Reads the context of the rows.
///
/// # Errors
/// If the records cannot be read.
pub(super) async fn log_context(
    context: &SessionContext,
    clues: &[&Clue],
    remote: bool,
) -> Result<LogContext> {
    profiles::prepare(context, "profile_principal profile_origin", remote).await?;
    let principals = clues.iter().map(|clue| clue.principal.as_str());
    let principals: HashSet<&str> =
        principals.chain(clues.iter().filter_map(|clue| clue.preparer())).collect();
    let addresses = clues.iter().flat_map(|clue| &clue.addresses);
    let networks: HashSet<String> = addresses.filter_map(|address| origin(address)).collect();
    let mut around = LogContext::default();
    for row in Rows::of(context, include_str!("sql/around.sql")).await?.iter() {
        let (Some(principal), Some(origin)) = (row.text("principal")?, row.text("origin")?) else { continue };
        let is_new = row.boolean("is_new")?;
        if !is_new && networks.contains(&origin) {
            let residents: &mut BTreeSet<String> = around.residents.entry(origin.clone()).or_default();
            if residents.len() < MAX_RESIDENTS {
                residents.insert(principal.clone());
            }
        }
        if !principals.contains(principal.as_str()) {
            continue;
        }
        let days = row.number("days")?;
        if days >= 3 && row.number("requests")? >= BUSY_REQUESTS_PER_DAY.saturating_mul(days) {
            around.busy.insert(principal.clone());
        }
        if row.boolean("is_aws")? {
            around.services.insert(principal.clone());
        }
        if let Some(came_at) = row.time("came_at")? {
            around.newcomers.insert(principal.clone(), came_at);
        }
        if is_new {
            around.new_origins.entry(principal).or_default().insert(origin);
        }
    }
    for row in Rows::of(context, "SELECT DISTINCT bucket FROM profile_activity").await?.iter() {
        around.buckets.extend(row.text("bucket")?);
    }
    Ok(around)
}

/// Counts the examined data.
pub(super) async fn examined(context: &SessionContext, remote: bool) -> Result<ExaminedInput> {
    profiles::prepare(context, "profile_principal", remote).await?;
    let sql = "SELECT (SELECT count(DISTINCT bucket) FROM profile_activity) AS buckets, \
               (SELECT count(*) FROM profile_principal) AS principals";
    match Rows::of(context, sql).await?.iter().next() {
        Some(row) => {
            Ok(ExaminedInput { buckets: row.count("buckets")?, principals: row.count("principals")? })
        }
        None => Ok(ExaminedInput::default()),
    }
}

/// The end of the logs; `None` without records.
pub(super) async fn logs_end(context: &SessionContext) -> Result<Option<i64>> {
    match Rows::of(context, include_str!("sql/end.sql")).await?.iter().next() {
        Some(row) => row.time("last_seen"),
        None => Ok(None),
    }
}

/// Counts the activity of incidents, given the scopes of each.
///
/// # Errors
/// If the records cannot be read.
pub(super) async fn count(
    context: &SessionContext,
    scopes: &[Vec<Scope>],
    remote: bool,
) -> Result<Vec<IncidentCounts>> {
    let mut counted = vec![IncidentCounts::default(); scopes.len()];
    if scopes.iter().all(Vec::is_empty) {
        return Ok(counted);
    }
    let _table = RequestTable::new(context, scopes, remote).await?;
    for row in Rows::of(context, include_str!("sql/actors.sql")).await?.iter() {
        let (Some(incident), Some(actor)) = (row.index("incident")?, row.index("actor")?) else { continue };
        let acted = ActorCounts {
            requests: row.count("requests")?,
            failed: row.count("failed")?,
            first: row.time("first_seen")?.unwrap_or_default(),
            last: row.time("last_seen")?.unwrap_or_default(),
            addresses: row.count("addresses")?,
            remote_ips: row.texts("remote_ips")?,
            sessions: row.count("sessions")?,
            requesters: row.texts("requesters")?,
            user_agents: row.texts("user_agents")?,
        };
        if let Some(counted) = counted.get_mut(incident) {
            counted.actors.insert(actor, acted);
        }
    }
    for row in Rows::of(context, include_str!("sql/deeds.sql")).await?.iter() {
        let deed = Deed {
            kind: DeedKind::parse(&row.text("kind")?.unwrap_or_default()),
            bucket: row.text("bucket")?.unwrap_or_default(),
            destination: row.text("destination")?,
            requests: row.count("requests")?,
            objects: row.count("objects")?,
            versions: row.count("versions")?,
            bytes: row.number("bytes")?,
            first_seen: Time(row.time("first_seen")?.unwrap_or_default()),
            last_seen: Time(row.time("last_seen")?.unwrap_or_default()),
            operations: row.texts("operations")?,
        };
        if let Some(counted) = row.index("incident")?.and_then(|incident| counted.get_mut(incident)) {
            counted.deeds.push(deed);
        }
    }
    let touches = |deed: &Deed| {
        matches!(
            deed.kind,
            DeedKind::Written | DeedKind::Deleted | DeedKind::VersionDeleted | DeedKind::Expired
        )
    };
    if counted.iter().any(|counted| counted.deeds.iter().any(touches)) {
        impact(context, &mut counted).await?;
    }
    Ok(counted)
}

async fn impact(context: &SessionContext, counted: &mut [IncidentCounts]) -> Result<()> {
    for row in Rows::of(context, include_str!("sql/impact.sql")).await?.iter() {
        let impact = Impact {
            objects: row.count("objects")?,
            existed: row.count("existed")?,
            failing: row.count("failing")?,
            failures: row.count("failures")?,
            reads_after: row.count("reads_after")?,
            restored: row.count("restored")?,
            failed_first: row.time("failed_first")?,
            failed_last: row.time("failed_last")?,
            failed_for: row.texts("failed_for")?,
            error_codes: row.texts("error_codes")?,
        };
        let Some(counted) = row.index("incident")?.and_then(|incident| counted.get_mut(incident)) else {
            continue;
        };
        match row.text("kind")?.as_deref() {
            Some("overwritten") => counted.overwritten = impact,
            _ => counted.destroyed = impact,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
