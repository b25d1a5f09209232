//! Rows of an incident or a finding, and the sessions of its actors.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use saltmine_query::catalogue::Catalogue;
use saltmine_query::hunt::{HuntOptions, HuntReport, hunt};
use saltmine_query::incidents::{ExportKind, IncidentRequests};
use saltmine_query::timeline::{Selection, TimelineOptions, parse_network, timeline as sessions};
use saltmine_query::{QueryError, Session, SessionOptions};

use crate::error;
use crate::options::{catalogue, session_options, value, warn_of_damage, warn_of_left_out};
use crate::rows::{Rows, Statement};
use crate::wait::wait;

/// An incident or actor by its number, or a detection by its name.
enum Target {
    Number(usize),
    Detection(String),
}

impl Target {
    fn new(number: Option<usize>, detection: Option<String>) -> PyResult<Option<Self>> {
        match (number, detection) {
            (Some(_), Some(_)) => Err(error::parameter("give incident or finding, not both")),
            (Some(number), None) => Ok(Some(Self::Number(number))),
            (None, detection) => Ok(detection.map(Self::Detection)),
        }
    }

    /// Runs a hunt, for a detection with that detection alone. The inner error means that nothing has this number or name.
    async fn requests(
        &self,
        session: &Session,
        catalogue: &Catalogue,
    ) -> Result<Result<IncidentRequests, String>, QueryError> {
        let names = match self {
            Self::Detection(name) => vec![name.clone()],
            Self::Number(_) => Vec::new(),
        };
        let options = HuntOptions { names, ..HuntOptions::default() };
        let found = hunt(session, catalogue, &options, &|_| {}).await?;
        Ok(self.look_up(&found).cloned().ok_or_else(|| self.missing(&found)))
    }

    fn look_up<'a>(&self, found: &'a HuntReport) -> Option<&'a IncidentRequests> {
        let requests = match self {
            Self::Number(number) => found.requests_of_number(*number),
            Self::Detection(name) => found.requests.get(name),
        };
        requests.filter(|requests| !requests.is_empty())
    }

    fn missing(&self, found: &HuntReport) -> String {
        match self {
            Self::Detection(name) => format!("{name} found no requests"),
            Self::Number(number) => found.missing_number(*number),
        }
    }
}

/// Lists the objects or requests of an incident, an actor or a finding.
#[pyfunction]
pub(crate) fn export(
    py: Python<'_>,
    incident: Option<usize>,
    finding: Option<String>,
    what: &str,
    folder: Option<PathBuf>,
    options: &Bound<'_, PyDict>,
) -> PyResult<Rows> {
    let target = Target::new(incident, finding)?
        .ok_or_else(|| error::parameter("give the number of an incident, or the name of a finding"))?;
    let what = match what {
        "taken" => ExportKind::Taken,
        "destroyed" => ExportKind::Destroyed,
        "changed" => ExportKind::Changed,
        "rows" => ExportKind::Rows,
        _ => return Err(error::parameter("what must be taken, destroyed, changed or rows")),
    };
    let (options, catalogue) = (session_options(options)?, catalogue(folder.as_deref())?);
    let exported = wait(py, async move {
        let session = Session::open(&options).await?;
        match target.requests(&session, &catalogue).await? {
            Ok(requests) => Ok(Ok(Rows::start(session, Statement::Export(requests, what)).await?)),
            Err(missing) => Ok(Err(missing)),
        }
    })?;
    exported.map_err(|problem: QueryError| error::query(&problem))?.map_err(error::parameter)
}

/// The sessions of the selected requests, as JSON, which the Python code parses.
#[pyfunction]
pub(crate) fn timeline(
    py: Python<'_>,
    selectors: &Bound<'_, PyDict>,
    folder: Option<PathBuf>,
    options: &Bound<'_, PyDict>,
) -> PyResult<String> {
    let hunted = session_options(options)?;
    let mut selection = selection(selectors, &hunted)?;
    let target = Target::new(value(selectors, "incident")?, value(selectors, "finding")?)?;
    let settings =
        TimelineOptions { idle: value(selectors, "idle")?, most: value(selectors, "max_sessions")? };
    let catalogue = catalogue(folder.as_deref())?;
    // The time does not limit this session: first uses are looked up in all of the logs.
    let unlimited = SessionOptions { since: None, until: None, ..hunted.clone() };
    let found = wait(py, async move {
        if let Some(target) = &target {
            let session = Session::open(&hunted).await?;
            match target.requests(&session, &catalogue).await? {
                Ok(requests) => selection.requests = Some(requests),
                Err(missing) => return Ok(Err(missing)),
            }
        }
        let session = Session::open(&unlimited).await?;
        let report = sessions(&session, &selection, &settings).await?;
        Ok(Ok((report, session.scan_report(), session.left_out().clone())))
    })?;
    let found = found.map_err(|problem: QueryError| error::query(&problem))?;
    let (report, scanned, left_out) = found.map_err(error::parameter)?;
    warn_of_left_out(py, &left_out)?;
    warn_of_damage(py, &scanned)?;
    serde_json::to_string(&report).map_err(error::other)
}

fn selection(selectors: &Bound<'_, PyDict>, options: &SessionOptions) -> PyResult<Selection> {
    let mut selection = Selection {
        requesters: value(selectors, "requesters")?,
        keys: value(selectors, "keys")?,
        request_ids: value(selectors, "request_ids")?,
        buckets: value(selectors, "buckets")?,
        since: options.since,
        until: options.until,
        ..Selection::default()
    };
    for address in value::<Vec<String>>(selectors, "addresses")? {
        if options.redaction.is_some() && address.starts_with("ip-") {
            selection.pseudonyms.push(address);
        } else {
            selection.addresses.push(parse_network(&address).map_err(error::parameter)?);
        }
    }
    Ok(selection)
}
