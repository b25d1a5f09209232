//! `saltmine hunt`: runs all detections of the catalogue on one input.

use std::io::Write;
use std::path::Path;

use saltmine_query::catalogue::{Catalogue, Severity};
use saltmine_query::hunt::{HuntOptions, HuntReport, hunt};
use saltmine_query::incidents::{ActorFindings, FindingRef, Incident, changes};
use saltmine_query::{Coverage, Session, SessionOptions};
use serde::Serialize;

use super::coverage::{finish, require_records};
use super::query::block_on;
use crate::args::{Engine, HuntArgs, HuntFormat, NameArgs, TimeRange};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::incidents::{self, Screen};
use crate::output::{Case, Format, Options, Target, accepted, counted, findings, shell_quote};
use crate::progress::HuntBar;
use crate::terminal::Terminal;

/// Width if the terminal does not report one.
const WIDTH: usize = 100;

pub(crate) fn run(args: &HuntArgs, case: &Case, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let catalogue = super::catalogue(args.choice.queries.as_deref())?;
    let target = Target::open(args.output.as_deref())?;
    let range = args.range.check()?;
    let options = SessionOptions {
        since: range.since,
        until: range.until,
        names: args.names.rules(),
        ..args.engine.session(&args.inputs)
    };
    let input =
        query_arguments(&args.inputs, (range, args.names), &args.engine, args.choice.queries.as_deref());
    let hunting = args.choice.options(input, args.limit, case);
    block_on(async {
        let session = super::open(&options, terminal).await?;
        let progress = HuntBar::new(terminal);
        let found = hunt(&session, &catalogue, &hunting, &|step| progress.show(step)).await;
        progress.finish();
        let mut found = found?;
        if found.findings.is_empty() && found.accepted.is_empty() {
            require_records(&session, range, terminal).await?;
        }
        let worst = found.max_severity();
        let hidden = hide(&mut found, args.min_severity);
        OutputOptions { args, case, session: &session, catalogue: &catalogue, range, terminal }
            .write(&found, hidden, target)
            .await?;
        terminal.wrote(args.output.as_deref(), &counted(found.findings.len() as u64, "finding"));
        note_unmatched(&found, terminal);
        for failed in &found.failed {
            terminal.warning(&format!("{}: {}", failed.query, failed.problem));
        }
        let is_alarm = args.fail_on.is_some_and(|limit| worst.is_some_and(|worst| worst >= limit));
        let findings = if is_alarm { ExitCode::Findings } else { ExitCode::Success };
        let failures = if found.failed.is_empty() { ExitCode::Success } else { ExitCode::Failure };
        Ok(finish(&session, terminal).await.and(findings).and(failures))
    })
}

/// Reports known work that matches nothing and may be misspelt.
pub(super) fn note_unmatched(found: &HuntReport, terminal: &Terminal) {
    for unmatched in &found.unmatched {
        terminal.note(&format!("note: case file: {unmatched}"));
    }
}

/// Removes findings below a severity; returns their number.
fn hide(found: &mut HuntReport, least: Option<Severity>) -> usize {
    let Some(least) = least else { return 0 };
    let before = found.findings.len();
    found.findings.retain(|finding| finding.severity >= least);
    found.actors.retain(|actor| actor.severity >= least);
    before - found.findings.len()
}

/// The JSON output of a hunt, with its context.
#[derive(Serialize)]
struct HuntContext<'a> {
    /// The version of saltmine.
    version: &'static str,
    /// The input.
    dataset: Vec<String>,
    /// The reported time range; null if unlimited.
    range: Range,
    /// The case file in use; null if there is none.
    case: Option<serde_json::Value>,
    /// What was examined.
    coverage: &'a Coverage,
    /// Number of findings below --min-severity, which are omitted.
    findings_hidden: usize,
    #[serde(flatten)]
    found: &'a HuntReport,
}

#[derive(Serialize)]
struct Range {
    since: Option<String>,
    until: Option<String>,
}

/// How to write the output.
struct OutputOptions<'a> {
    args: &'a HuntArgs,
    case: &'a Case,
    session: &'a Session,
    catalogue: &'a Catalogue,
    range: TimeRange,
    terminal: &'a Terminal,
}

impl OutputOptions<'_> {
    async fn write(&self, found: &HuntReport, hidden: usize, mut target: Target) -> Result<(), CliError> {
        match self.args.format {
            HuntFormat::Csv => {
                let batch = incidents::rows::batch(found)?;
                let mut writer = Format::Csv.writer(
                    target,
                    &batch.schema(),
                    Options { csv_safe: true, ..Options::default() },
                )?;
                writer.write(&batch)?;
                self.note_hidden(hidden);
                self.note_accepted(found);
                writer.finish()?;
                return Ok(());
            }
            HuntFormat::Json => {
                target = target.of_bytes(true);
                let coverage = self.coverage().await?;
                let time =
                    |time: Option<i64>| time.map(|time| saltmine_query::timeline::Time(time).to_string());
                let whole = HuntContext {
                    version: env!("CARGO_PKG_VERSION"),
                    dataset: self
                        .args
                        .inputs
                        .iter()
                        .map(|input| self.session.shown(input).into_owned())
                        .collect(),
                    range: Range { since: time(self.range.since), until: time(self.range.until) },
                    case: self.case.json(|text| self.session.shown(text).into_owned(), self.hides_names()),
                    coverage: &coverage,
                    findings_hidden: hidden,
                    found,
                };
                serde_json::to_writer_pretty(&mut target, &whole).map_err(CliError::json)?;
                writeln!(target)?;
            }
            HuntFormat::Ndjson => {
                target = target.of_bytes(true);
                for finding in &found.findings {
                    serde_json::to_writer(&mut target, finding).map_err(CliError::json)?;
                    writeln!(target)?;
                }
                self.note_accepted(found);
            }
            HuntFormat::Markdown => {
                incidents::markdown(found, self.case, &mut target)?;
                findings::markdown(found, &mut target)?;
                accepted::markdown(found, self.case, &mut target)?;
            }
            HuntFormat::Table => self.text(found, &mut target).await?,
        }
        if !matches!(self.args.format, HuntFormat::Json) {
            self.note_hidden(hidden);
        }
        target.finish()
    }

    /// Reports how many findings --min-severity hides. JSON contains the number itself.
    fn note_hidden(&self, hidden: usize) {
        if hidden > 0 {
            let least = self.args.min_severity.map_or("", Severity::as_str);
            self.terminal
                .note(&format!("note: {} below {least} not shown", counted(hidden as u64, "finding")));
        }
    }

    /// Reports how much is accepted, for formats that contain only findings.
    fn note_accepted(&self, found: &HuntReport) {
        let rows: u64 = found.accepted.iter().map(|accepted| accepted.rows).sum();
        if rows > 0 {
            let rows = counted(rows, "row");
            self.terminal.note(&format!("note: {rows} of known work not shown; --format json has them"));
        }
    }

    /// Whether people are hidden; then the examiner's texts are hidden too.
    fn hides_names(&self) -> bool {
        self.args.engine.redact.redact.as_ref().is_some_and(|redact| redact.principals || redact.addresses)
    }

    async fn coverage(&self) -> Result<Coverage, CliError> {
        Ok(self.session.coverage().await?.shown(|text| self.session.shown(text).into_owned()))
    }

    async fn text(&self, found: &HuntReport, target: &mut Target) -> Result<(), CliError> {
        let coloured = self.terminal.colours(target.is_terminal());
        let width = target.width(WIDTH).max(40);
        if let Some(what) = &self.args.show {
            return self.show(found, what, width, coloured, target);
        }
        if self.args.details {
            findings::text(found, &self.case.clock, coloured, target)?;
            return Ok(accepted::text(found, self.case, width, target)?);
        }
        let is_quiet = found.findings.is_empty();
        let (inputs, words) = (self.args.inputs.join(" "), self.words());
        let screen = Screen {
            report: found,
            case: self.case,
            case_text: &self.case_text(),
            coverage: &self.coverage().await?,
            input: &self.session.shown(&inputs),
            words: &self.session.shown(&words),
            min_severity: self.args.min_severity,
            width,
            coloured,
            changes: &if is_quiet { changes(self.session).await? } else { Vec::new() },
        };
        Ok(screen.write(target)?)
    }

    /// The arguments that commands about an incident need: the input, and the options that determine its number.
    fn words(&self) -> String {
        let mut words: Vec<String> = self.args.inputs.iter().map(|input| shell_quote(input)).collect();
        words.extend(self.args.engine.redact.words());
        words.join(" ") + &self.case.words + &self.range.words() + &self.args.choice.words()
    }

    /// The title and file of the case, redacted if needed.
    fn case_text(&self) -> Vec<String> {
        let title = if self.hides_names() { String::new() } else { self.case.title() };
        case_text(self.case, title, self.session)
    }

    /// Shows an incident, an actor or a finding in full.
    fn show(
        &self,
        found: &HuntReport,
        what: &str,
        width: usize,
        coloured: bool,
        target: &mut Target,
    ) -> Result<(), CliError> {
        let mut sql = Vec::new();
        let clock = &self.case.clock;
        match show_target(found, what)? {
            ShowTarget::Incident(incident) => {
                incidents::show_incident(incident, self.case, width, target)?;
                findings::each(findings_of(found, &incident.findings), clock, coloured, target)?;
                sql.extend(incident.findings.iter().map(|finding| finding.query.as_str()));
            }
            ShowTarget::Actor(actor) => {
                incidents::show_actor(actor, self.case, width, target)?;
                findings::each(findings_of(found, &actor.findings), clock, coloured, target)?;
                sql.extend(actor.findings.iter().map(|finding| finding.query.as_str()));
            }
            ShowTarget::Finding(query) => {
                let all = found.findings.iter().filter(|finding| finding.query == query);
                findings::each(all, clock, coloured, target)?;
                accepted::of_query(found, query, self.case, width, target)?;
                let text = &self.catalogue.get(query)?.sql;
                writeln!(target, "SQL of {query}:\n")?;
                for line in text.lines() {
                    writeln!(target, "  {}", crate::output::sanitize::sanitize(line))?;
                }
            }
        }
        for query in sql {
            writeln!(target, "SQL: saltmine queries {query}")?;
        }
        Ok(())
    }
}

/// Hunts with all detections, and writes the screen.
pub(super) async fn screen(
    session: &Session,
    catalogue: &Catalogue,
    inputs: &[String],
    case: &Case,
    terminal: &Terminal,
    mut target: Target,
) -> Result<(), CliError> {
    let hunting = HuntOptions { case: case.file().cloned(), ..HuntOptions::default() };
    let found = hunt(session, catalogue, &hunting, &|_| {}).await?;
    let words: Vec<String> = inputs.iter().map(|input| shell_quote(input)).collect();
    let (inputs, words) = (inputs.join(" "), words.join(" "));
    let words = words + &case.words;
    let screen = Screen {
        report: &found,
        case,
        case_text: &case_text(case, String::new(), session),
        coverage: &session.coverage().await?.shown(|text| session.shown(text).into_owned()),
        input: &session.shown(&inputs),
        words: &session.shown(&words),
        min_severity: None,
        width: target.width(WIDTH).max(40),
        coloured: terminal.colours(target.is_terminal()),
        changes: &if found.findings.is_empty() { changes(session).await? } else { Vec::new() },
    };
    screen.write(&mut target)?;
    target.finish()
}

/// The case and its file.
fn case_text(case: &Case, title: String, session: &Session) -> Vec<String> {
    let about = case.about().map(|about| {
        let set = case.parameters().len();
        if set > 0 { format!("{about}; parameters differ from the defaults") } else { about }
    });
    let texts = [Some(title).filter(|title| !title.is_empty()), about];
    texts.into_iter().flatten().map(|text| session.shown(&text).into_owned()).collect()
}

/// The findings of the given names, with all stored rows.
fn findings_of<'a>(
    found: &'a HuntReport,
    named: &'a [FindingRef],
) -> impl Iterator<Item = &'a saltmine_query::hunt::Finding> {
    found.findings.iter().filter(|finding| {
        named.iter().any(|one| one.query == finding.query && one.severity >= finding.severity)
    })
}

/// The target of --show.
pub(super) enum ShowTarget<'a> {
    Incident(&'a Incident),
    Actor(&'a ActorFindings),
    Finding(&'a str),
}

/// The incident or actor with a number, or the finding with a name.
///
/// # Errors
/// If nothing has this number or name; the message lists what exists.
pub(super) fn show_target<'a>(found: &'a HuntReport, what: &str) -> Result<ShowTarget<'a>, CliError> {
    if let Ok(number) = what.parse::<usize>() {
        let incident =
            found.incidents.iter().find(|incident| incident.number == number).map(ShowTarget::Incident);
        let actor = || found.actors.iter().find(|actor| actor.number == number).map(ShowTarget::Actor);
        return incident.or_else(actor).ok_or_else(|| CliError::Nothing(found.missing_number(number)));
    }
    if let Some(finding) = found.findings.iter().find(|finding| finding.query == what) {
        return Ok(ShowTarget::Finding(&finding.query));
    }
    if let Some(accepted) = found.accepted.iter().find(|accepted| accepted.query == what) {
        return Ok(ShowTarget::Finding(&accepted.query));
    }
    if found.quiet.iter().any(|query| query == what) {
        return Err(CliError::Nothing(format!("{what} found nothing")));
    }
    let names: Vec<&str> = found.findings.iter().map(|finding| finding.query.as_str()).collect();
    let names: std::collections::BTreeSet<&str> = names.into_iter().collect();
    Err(CliError::Nothing(format!(
        "this hunt has no finding named {what}; it has: {}",
        if names.is_empty() { "none".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
    )))
}

/// The input and its limits, as arguments of `saltmine query`.
pub(super) fn query_arguments(
    inputs: &[String],
    (range, names): (TimeRange, NameArgs),
    engine: &Engine,
    queries: Option<&Path>,
) -> String {
    let mut words: Vec<String> = inputs.iter().map(|input| shell_quote(input)).collect();
    words.extend(Some(range.words().trim_start().to_owned()).filter(|words| !words.is_empty()));
    words.extend(names.words());
    for (name, file) in &engine.tables {
        words.push(format!("--table {}", shell_quote(&format!("{name}={}", file.display()))));
    }
    if let Some(folder) = queries {
        words.push(format!("--queries {}", shell_quote(&folder.display().to_string())));
    }
    words.extend(engine.redact.words());
    words.extend(engine.cluster.words());
    words.join(" ")
}
