//! `saltmine report`: writes the HTML report.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use saltmine_query::SessionOptions;
use saltmine_query::hunt::HuntOptions;
use saltmine_query::report::report;

use super::coverage::{finish, require_records};
use super::hunt::query_arguments;
use super::query::block_on;
use crate::args::ReportArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::report::summary::MOST;
use crate::output::report::{Origin, render};
use crate::output::sanitize::sanitize;
use crate::output::{Target, counted, shell_quote};
use crate::terminal::Terminal;

pub(crate) fn run(args: &ReportArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
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
    let hunting = HuntOptions { packs: args.packs.clone(), input: input.clone(), ..HuntOptions::default() };
    let made = Utc::now();
    block_on(async {
        let session = super::open(&options, terminal).await?;
        let found = report(&session, &catalogue, &hunting).await?;
        if found.hunt.findings.is_empty() {
            require_records(&session, range, terminal).await?;
        }
        let origin = Origin {
            title: session.shown(&args.title).into_owned(),
            command: session.shown(&command()).into_owned(),
            input: session.shown(&input).into_owned(),
            made: made.to_rfc3339_opts(SecondsFormat::Secs, true),
            since: range.since.and_then(DateTime::from_timestamp_micros),
            until: range.until.and_then(DateTime::from_timestamp_micros),
            packs: args.packs.clone(),
            summary: session.shown(&summary).into_owned(),
        };
        let page = render(&found, &origin)?;
        target.write_all(page.as_bytes())?;
        target.finish()?;
        for failed in &found.hunt.failed {
            terminal.warning(&format!("{}: {}", failed.query, failed.problem));
        }
        terminal.wrote(path, &counted(found.hunt.findings.len() as u64, "finding"));
        let failures = if found.hunt.failed.is_empty() { ExitCode::Success } else { ExitCode::Failure };
        Ok(finish(&session, terminal).await.and(failures))
    })
}

/// Refuses the name of a file that would be taken for something else.
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
    file.take(MOST as u64 + 1).read_to_end(&mut text).map_err(CliError::file(path))?;
    if text.len() > MOST {
        let name = sanitize(&path.to_string_lossy()).into_owned();
        return Err(CliError::Usage(format!("{name}: a summary has at most {} kB", MOST / 1024)));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The command as typed, for the head of the page.
fn command() -> String {
    let words = std::env::args_os().skip(1).map(|word| shell_quote(&word.to_string_lossy()));
    std::iter::once("saltmine".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
