//! `saltmine export`: the records behind an incident or a finding.

use saltmine_query::hunt::{HuntOptions, HuntReport, hunt};
use saltmine_query::incidents::{IncidentRequests, export};
use saltmine_query::{Session, SessionOptions};

use super::coverage::{finish, require_records};
use super::hunt::{ShowTarget, show_target};
use super::query::{block_on, default_format, write};
use crate::args::ExportArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::{Case, Format, Options, Target, counted};
use crate::terminal::Terminal;

pub(crate) fn run(args: &ExportArgs, case: &Case, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let catalogue = super::catalogue(args.choice.queries.as_deref())?;
    let range = args.range.check()?;
    let format = match (args.format, &args.output) {
        (Some(format), _) => format,
        (None, Some(path)) => default_format(Some(path))?,
        (None, None) => Format::Csv,
    };
    let target = Target::open(args.output.as_deref())?;
    let options =
        SessionOptions { since: range.since, until: range.until, ..args.engine.session(&args.inputs) };
    block_on(async {
        let session = super::open(&options, terminal).await?;
        let hunting = args.choice.options(String::new(), 0, case);
        let found = find(&session, &catalogue, hunting, args.of.finding.as_deref()).await?;
        if found.findings.is_empty() && found.accepted.is_empty() {
            require_records(&session, range, terminal).await?;
        }
        let requests = requests_of(&found, args.of.incident, args.of.finding.as_deref())?;
        let rows = export(&session, requests, args.what.into()).await?;
        let output = Options { csv_safe: args.csv_safe, ..Options::default() };
        let written = write(rows, format, target, output, None).await?;
        if written.rows == 0 {
            terminal.note("note: the list is empty: nothing of this kind happened in it");
        }
        terminal.wrote(args.output.as_deref(), &counted(written.rows, "row"));
        Ok(finish(&session, terminal).await)
    })
}

/// Runs a hunt; for a finding, with only that detection.
pub(super) async fn find(
    session: &Session,
    catalogue: &saltmine_query::catalogue::Catalogue,
    mut options: HuntOptions,
    finding: Option<&str>,
) -> Result<HuntReport, CliError> {
    options.names.extend(finding.map(str::to_owned));
    Ok(hunt(session, catalogue, &options, &|_| {}).await?)
}

/// The requests of an incident, an actor or a finding.
///
/// # Errors
/// If nothing has this number or name; the message lists what exists.
pub(super) fn requests_of<'a>(
    found: &'a HuntReport,
    incident: Option<usize>,
    finding: Option<&str>,
) -> Result<&'a IncidentRequests, CliError> {
    let what = match (incident, finding) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => return Err(CliError::Usage("give --incident N or --finding NAME".to_owned())),
    };
    let requests = match show_target(found, &what)? {
        ShowTarget::Incident(incident) => Some(&incident.requests),
        ShowTarget::Actor(actor) => Some(&actor.requests),
        ShowTarget::Finding(query) => found.requests.get(query),
    };
    requests.filter(|requests| !requests.is_empty()).ok_or_else(|| {
        CliError::Nothing(format!("the requests of {what} cannot be selected by actor and time"))
    })
}
