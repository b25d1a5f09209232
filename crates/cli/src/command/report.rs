//! `saltmine report`: writes the HTML report.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use saltmine_query::hunt::{HuntOptions, HuntReport};
use saltmine_query::report::report;
use saltmine_query::{Session, SessionOptions};

use super::coverage::{finish, require_records};
use super::hunt::{note_unmatched, query_arguments};
use super::query::block_on;
use crate::args::ReportArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::report::summary::MAX_BYTES;
use crate::output::report::{Origin, render};
use crate::output::sanitize::sanitize;
use crate::output::{Case, Target, accepted, counted, shell_quote};
use crate::progress::HuntBar;
use crate::terminal::Terminal;

/// The default title of a page.
const TITLE: &str = "S3 server access logs";

pub(crate) fn run(args: &ReportArgs, case: &Case, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let catalogue = super::catalogue(args.queries.as_deref())?;
    let path = (args.output != Path::new("-")).then_some(args.output.as_path());
    path.map_or(Ok(()), is_html)?;
    let summary = args.summary.as_deref().map(summary).transpose()?.unwrap_or_default();
    let mut target = Target::open(path)?;
    let range = args.range.check()?;
    let options = SessionOptions {
        since: range.since,
        until: range.until,
        names: args.names.rules(),
        ..args.engine.session(&args.inputs)
    };
    let input = query_arguments(&args.inputs, (range, args.names), &args.engine, args.queries.as_deref());
    let hunting = HuntOptions {
        packs: args.packs.clone(),
        input: input.clone(),
        case: case.file().cloned(),
        ..HuntOptions::default()
    };
    // What the case file says may name whom redaction hides.
    let redact = args.engine.redact.redact.as_ref();
    let hides_names = redact.is_some_and(|redact| redact.principals || redact.addresses);
    let shown_file = case.file().filter(|_| !hides_names);
    let title_of_case = shown_file.and_then(|file| file.title.as_deref());
    let title = args.title.as_deref().or(title_of_case).unwrap_or(TITLE);
    let made = Utc::now();
    block_on(async {
        let session = super::open(&options, terminal).await?;
        let progress = HuntBar::new(terminal);
        let found = report(&session, &catalogue, &hunting, &|step| progress.show_report(step)).await;
        progress.finish();
        let found = found?;
        if found.hunt.findings.is_empty() && found.hunt.accepted.is_empty() {
            require_records(&session, range, terminal).await?;
        }
        let origin = Origin {
            title: session.shown(title).into_owned(),
            command: session.shown(&command()).into_owned(),
            input: session.shown(&input).into_owned(),
            made: made.to_rfc3339_opts(SecondsFormat::Secs, true),
            since: range.since.and_then(DateTime::from_timestamp_micros),
            until: range.until.and_then(DateTime::from_timestamp_micros),
            packs: args.packs.clone(),
            summary: session.shown(&summary).into_owned(),
            examiner: shown_file
                .and_then(|file| file.examiner.as_deref())
                .map(|examiner| session.shown(examiner).into_owned()),
            case: of_case(case, &found.hunt, &session),
            clock: case.clock.clone(),
        };
        let page = render(&found, &origin)?;
        target.write_all(page.as_bytes())?;
        target.finish()?;
        for failed in &found.hunt.failed {
            terminal.warning(&format!("{}: {}", failed.query, failed.problem));
        }
        note_unmatched(&found.hunt, terminal);
        terminal.wrote(path, &counted(found.hunt.findings.len() as u64, "finding"));
        let failures = if found.hunt.failed.is_empty() { ExitCode::Success } else { ExitCode::Failure };
        Ok(finish(&session, terminal).await.and(failures))
    })
}

/// Refuses file names with an extension of another format.
fn is_html(path: &Path) -> Result<(), CliError> {
    let Some(ending) = path.extension() else { return Ok(()) };
    if ["html", "htm"].iter().any(|known| ending.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    let name = sanitize(&path.to_string_lossy()).into_owned();
    Err(CliError::Usage(format!("{name}: a report is written as .html; a browser prints it to PDF")))
}

/// The examiner's text.
fn summary(path: &Path) -> Result<String, CliError> {
    let file = File::open(path).map_err(CliError::file(path))?;
    let mut text = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut text).map_err(CliError::file(path))?;
    if text.len() > MAX_BYTES {
        let name = sanitize(&path.to_string_lossy()).into_owned();
        return Err(CliError::Usage(format!("{name}: a summary has at most {} kB", MAX_BYTES / 1024)));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The effects of the case file, for the page: parameters, local time, and accepted known work.
fn of_case(case: &Case, hunt: &HuntReport, session: &Session) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let about = case.about().map(|about| match case.parameters() {
        set if set.is_empty() => about,
        set => format!("{about}: {}", set.join(", ")),
    });
    lines.extend(about.map(|about| ("Case file", about)));
    if let Some(zone) = &case.clock.zone {
        lines.push(("Local time", format!("{zone}, beside UTC for incidents and actors")));
    }
    lines.extend(hunt.accepted.iter().map(|accepted| ("Known work", accepted::line(accepted))));
    lines.into_iter().map(|(label, text)| (label, session.shown(&text).into_owned())).collect()
}

/// The command as typed, for the head of the page.
fn command() -> String {
    let words = std::env::args_os().skip(1).map(|word| shell_quote(&word.to_string_lossy()));
    std::iter::once("saltmine".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
