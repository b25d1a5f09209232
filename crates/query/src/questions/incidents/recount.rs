//! Counts the requests of incidents: one pass over the records stores them, then small statements count them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use datafusion::config::TableParquetOptions;
use datafusion::dataframe::{DataFrame, DataFrameWriteOptions};
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::logical_expr::Case;
use datafusion::prelude::{Expr, ParquetReadOptions, SessionContext, col, lit};

use super::clue::Clue;
use super::join::{LogContext, origin};
use super::model::{Deed, DeedKind, ExaminedInput};
use super::rows::Rows;
use crate::profiles::{self, REQUESTS};
use crate::questions::request_scope::{Scope, between};
use crate::questions::timeline::Time;

/// The requests of incidents, with the column `scope`: the number of the incident times [`MAX_ACTORS`], plus that of the
/// actor.
pub(super) const INCIDENT_REQUESTS: &str = "incident_requests";
/// Upper bound of the actors of an incident.
pub(super) const MAX_ACTORS: usize = 1024;
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
    /// Those that existed before.
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
    clues: &[Clue],
    is_remote: bool,
) -> Result<LogContext> {
    profiles::prepare(context, "profile_principal profile_origin", is_remote).await?;
    let principals: HashSet<&str> = clues.iter().map(|clue| clue.principal.as_str()).collect();
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
pub(super) async fn examined(context: &SessionContext, is_remote: bool) -> Result<ExaminedInput> {
    profiles::prepare(context, "profile_principal", is_remote).await?;
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
    is_remote: bool,
) -> Result<Vec<IncidentCounts>> {
    let mut counted = vec![IncidentCounts::default(); scopes.len()];
    let Some(frame) = requests(context, scopes).await? else { return Ok(counted) };
    let _kept = RegisteredRequests::new(context, frame, is_remote).await?;
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

/// The requests of incidents; `None` if there are none.
async fn requests(context: &SessionContext, scopes: &[Vec<Scope>]) -> Result<Option<DataFrame>> {
    let number = |incident: usize, scope: &Scope| incident * MAX_ACTORS + scope.actor.min(MAX_ACTORS - 1);
    let numbered = scopes.iter().enumerate().flat_map(|(incident, scopes)| {
        scopes.iter().map(move |scope| (scope.filter(), i64::try_from(number(incident, scope)).unwrap_or(-1)))
    });
    let cases = numbered.map(|(is, number)| (Box::new(is), Box::new(lit(number)))).collect::<Vec<_>>();
    if cases.is_empty() {
        return Ok(None);
    }
    let case = Expr::Case(Case::new(None, cases, None));
    let all: Vec<&Scope> = scopes.iter().flatten().collect();
    let frame = context.table(REQUESTS).await?.filter(coarse_filter(&all))?;
    Ok(Some(frame.with_column("scope", case)?.filter(col("scope").is_not_null())?))
}

/// A filter that is cheap to evaluate and true for all requests of the scopes.
fn coarse_filter(scopes: &[&Scope]) -> Expr {
    let principals: BTreeSet<&str> = scopes.iter().filter_map(|scope| scope.principal.as_deref()).collect();
    let actions: BTreeSet<&str> =
        scopes.iter().filter(|scope| scope.principal.is_none()).filter_map(|scope| scope.action).collect();
    let since = scopes.iter().map(|scope| scope.since).min().unwrap_or_default();
    let until = scopes.iter().map(|scope| scope.until).max().unwrap_or_default();
    let is_any =
        |name: &str, values: BTreeSet<&str>| col(name).in_list(values.into_iter().map(lit).collect(), false);
    let is_one = is_any("principal", principals).or(is_any("action", actions));
    is_one.and(between(since, until))
}

/// Requests that statements can query while this value lives.
struct RegisteredRequests<'a> {
    context: &'a SessionContext,
    _folder: Option<tempfile::TempDir>,
}

impl<'a> RegisteredRequests<'a> {
    async fn new(
        context: &'a SessionContext,
        frame: DataFrame,
        is_remote: bool,
    ) -> Result<RegisteredRequests<'a>> {
        // Other processes do not have the files of this one.
        if is_remote {
            context.register_table(INCIDENT_REQUESTS, frame.into_view())?;
            return Ok(Self { context, _folder: None });
        }
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("requests").to_string_lossy().into_owned() + "/";
        let mut options = TableParquetOptions::default();
        options.global.compression = Some("lz4_raw".into());
        let schema = Arc::clone(frame.schema().inner());
        frame.write_parquet(&path, DataFrameWriteOptions::new(), Some(options)).await?;
        // Without rows, there is no file to read the columns from.
        if std::fs::read_dir(&path).map_or(true, |mut files| files.next().is_none()) {
            context.register_table(INCIDENT_REQUESTS, Arc::new(MemTable::try_new(schema, vec![vec![]])?))?;
        } else {
            context.register_parquet(INCIDENT_REQUESTS, &path, ParquetReadOptions::default()).await?;
        }
        Ok(Self { context, _folder: Some(folder) })
    }
}

impl Drop for RegisteredRequests<'_> {
    fn drop(&mut self) {
        // Nothing to remove if it does not exist.
        let _ = self.context.deregister_table(INCIDENT_REQUESTS);
    }
}
