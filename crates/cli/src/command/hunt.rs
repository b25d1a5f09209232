//! `saltmine hunt`: runs all detections of the catalogue on one input.

use std::io::Write;
use std::path::Path;

use saltmine_query::SessionOptions;
use saltmine_query::hunt::{HuntOptions, HuntReport, hunt_with_progress};

use super::coverage::{finish, require_records};
use super::query::block_on;
use crate::args::{Engine, HuntArgs, HuntFormat, NameArgs, TimeRange};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::{Target, findings, plural, shell_quote};
use crate::progress::HuntBar;
use crate::terminal::Terminal;

pub(crate) fn run(args: &HuntArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let catalogue = super::catalogue(args.queries.as_deref())?;
    let target = Target::open(args.output.as_deref())?;
    let range = args.range.check()?;
    let options = SessionOptions {
        since: range.since,
        until: range.until,
        names: args.names.rules(),
        ..args.engine.session(&args.inputs)
    };
    let hunting = HuntOptions {
        packs: args.packs.clone(),
        input: limited(&args.inputs, (range, args.names), &args.engine, args.queries.as_deref()),
    };
    block_on(async {
        let session = super::open(&options, terminal).await?;
        let progress = HuntBar::new(terminal);
        let found = hunt_with_progress(&session, &catalogue, &hunting, &|step| progress.show(step)).await;
        progress.finish();
        let found = found?;
        if found.findings.is_empty() {
            require_records(&session, range, terminal).await?;
        }
        write(&found, args.format, target, terminal)?;
        terminal.wrote(args.output.as_deref(), &plural(found.findings.len() as u64, "finding"));
        for failed in &found.failed {
            terminal.warning(&format!("{}: {}", failed.query, failed.problem));
        }
        let is_alarm = args.fail_on.is_some_and(|limit| found.worst().is_some_and(|worst| worst >= limit));
        let findings = if is_alarm { ExitCode::Findings } else { ExitCode::Success };
        let failures = if found.failed.is_empty() { ExitCode::Success } else { ExitCode::Failure };
        Ok(finish(&session, terminal).await.and(findings).and(failures))
    })
}

fn write(
    found: &HuntReport,
    format: HuntFormat,
    mut target: Target,
    terminal: &Terminal,
) -> Result<(), CliError> {
    if matches!(format, HuntFormat::Json | HuntFormat::Ndjson) {
        target = target.of_bytes(true);
    }
    match format {
        HuntFormat::Table => {
            let is_coloured = terminal.colours(target.is_terminal());
            findings::text(found, is_coloured, &mut target)?;
        }
        HuntFormat::Markdown => findings::markdown(found, &mut target)?,
        HuntFormat::Json => {
            serde_json::to_writer_pretty(&mut target, found).map_err(CliError::json)?;
            writeln!(target)?;
        }
        HuntFormat::Ndjson => {
            for finding in &found.findings {
                serde_json::to_writer(&mut target, finding).map_err(CliError::json)?;
                writeln!(target)?;
            }
        }
    }
    target.finish()
}

/// The input and its limits as arguments of `saltmine query`.
pub(super) fn limited(
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
