//! `saltmine report`: writes the HTML report.

use std::io::Write;
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
use crate::output::report::{Origin, render};
use crate::output::{Target, counted, shell_quote};
use crate::terminal::Terminal;

pub(crate) fn run(args: &ReportArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let catalogue = super::catalogue(args.queries.as_deref())?;
    let path = (args.output != Path::new("-")).then_some(args.output.as_path());
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

/// The command as typed, for the head of the page.
fn command() -> String {
    let words = std::env::args_os().skip(1).map(|word| shell_quote(&word.to_string_lossy()));
    std::iter::once("saltmine".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
