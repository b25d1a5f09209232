//! The requests of incidents as a table for further statements, written in one pass over the records.

use std::collections::BTreeSet;

use datafusion::dataframe::DataFrame;
use datafusion::error::Result;
use datafusion::logical_expr::Case;
use datafusion::prelude::{Expr, SessionContext, col, lit};

use crate::error::QueryError;
use crate::profiles::{self, REQUESTS};
use crate::questions::request_scope::{IncidentRequests, Scope, between};
use crate::session::Session;

/// The requests of incidents, with the column `scope`: the incident's number times [`ACTORS`], and the actor's.
pub(super) const INCIDENT_REQUESTS: &str = "incident_requests";
/// The same with what each request did, as the column `kind`.
const INCIDENT_DEEDS: &str = "incident_deeds";
/// The objects that actors of incidents read as usual.
const INCIDENT_HABITS: &str = "incident_habits";
/// Exceeds the number of actors of any incident.
const ACTORS: usize = 1024;

/// The table of these requests, registered in the session as long as this lives.
pub(crate) struct RequestTable<'a> {
    context: &'a SessionContext,
    folders: Vec<tempfile::TempDir>,
}

/// Registers the requests of incidents for the statements of a report. The first of `of` has the number 0, and so on.
///
/// # Errors
/// If the records cannot be read.
pub(crate) async fn register<'a>(
    session: &'a Session,
    of: &[&IncidentRequests],
) -> std::result::Result<RequestTable<'a>, QueryError> {
    let context = session.unredacted();
    let remote = session.mode().remote;
    let scopes: Vec<Vec<Scope>> = of.iter().map(|requests| requests.0.clone()).collect();
    let table = async {
        profiles::prepare(context, "requests profile_activity", remote).await?;
        RequestTable::new(context, &scopes, remote).await
    };
    table.await.map_err(|error| session.redacted_error(error.into()))
}

impl<'a> RequestTable<'a> {
    /// Registers the requests of scopes; those of an incident are one element. The profiles must exist. `as_views` for
    /// sessions whose tasks run in other processes, which do not have this one's files.
    pub(super) async fn new(
        context: &'a SessionContext,
        scopes: &[Vec<Scope>],
        as_views: bool,
    ) -> Result<RequestTable<'a>> {
        let mut table = Self { context, folders: Vec::new() };
        table.add(INCIDENT_REQUESTS, requests(context, scopes).await?, as_views).await?;
        table.add(INCIDENT_HABITS, context.sql(include_str!("sql/habits.sql")).await?, as_views).await?;
        let deeds = context.sql(include_str!("sql/kinds.sql")).await?;
        context.register_table(INCIDENT_DEEDS, deeds.into_view())?;
        Ok(table)
    }

    /// The folders of the tables, which are no longer registered.
    pub(super) fn into_folders(mut self) -> Vec<tempfile::TempDir> {
        std::mem::take(&mut self.folders)
    }

    async fn add(&mut self, name: &'static str, frame: DataFrame, as_view: bool) -> Result<()> {
        if as_view {
            self.context.register_table(name, frame.into_view())?;
        } else {
            self.folders.push(profiles::store(self.context, name, frame).await?);
        }
        Ok(())
    }
}

impl Drop for RequestTable<'_> {
    fn drop(&mut self) {
        // A table that was not registered needs no removal.
        let _ = self.context.deregister_table(INCIDENT_DEEDS);
        let _ = self.context.deregister_table(INCIDENT_HABITS);
        let _ = self.context.deregister_table(INCIDENT_REQUESTS);
    }
}

/// The requests of scopes.
async fn requests(context: &SessionContext, scopes: &[Vec<Scope>]) -> Result<DataFrame> {
    let number = |incident: usize, scope: &Scope| incident * ACTORS + scope.actor.min(ACTORS - 1);
    let numbered = scopes.iter().enumerate().flat_map(|(incident, scopes)| {
        scopes.iter().map(move |scope| (scope.filter(), i64::try_from(number(incident, scope)).unwrap_or(-1)))
    });
    let cases = numbered.map(|(is, number)| (Box::new(is), Box::new(lit(number)))).collect::<Vec<_>>();
    if cases.is_empty() {
        return context.table(REQUESTS).await?.with_column("scope", lit(0_i64))?.filter(lit(false));
    }
    let case = Expr::Case(Case::new(None, cases, None));
    let all: Vec<&Scope> = scopes.iter().flatten().collect();
    let frame = context.table(REQUESTS).await?.filter(prefilter(&all))?;
    frame.with_column("scope", case)?.filter(col("scope").is_not_null())
}

/// A cheap filter that holds for all requests of the scopes.
fn prefilter(scopes: &[&Scope]) -> Expr {
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
