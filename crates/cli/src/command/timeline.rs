//! `saltmine timeline`: shows activity as sessions or request by request.

use std::io::Write;

use futures::TryStreamExt;
use saltmine_query::timeline::{Selection, TimelineOptions, TimelineReport, requests, timeline};
use saltmine_query::{QueryError, Session, SessionOptions};

use super::coverage::{finish, require_records};
use super::query::block_on;
use crate::args::{TimeRange, TimelineArgs, TimelineFormat};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::{Target, plural, timeline as sessions, timesketch};
use crate::terminal::Terminal;

pub(crate) fn run(args: &TimelineArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let range = args.range.check()?;
    let is_by_request = args.format == TimelineFormat::Timesketch;
    let mut target = Target::open(args.output.as_deref())?;
    if !matches!(args.format, TimelineFormat::Table | TimelineFormat::Markdown) {
        target = target.of_bytes(true);
    }
    // The session itself has no time limit: "first use" is determined from all of the logs.
    let options = SessionOptions {
        inputs: args.inputs.clone(),
        memory_limit: Some(args.memory_limit),
        threads: args.jobs,
        redaction: args.redact.redaction(),
        remote: args.cluster.remote(args.jobs),
        ..SessionOptions::default()
    };
    let selection = args.selection();
    if args.redact.redact.is_none() && !selection.pseudonyms.is_empty() {
        return Err(CliError::Usage(
            "--ip takes a pseudonym only together with --redact and the key that made the pseudonym".into(),
        ));
    }
    block_on(async {
        let session = super::open(&options, terminal).await?;
        let found = if is_by_request {
            by_request(&session, &selection, &mut target).await?
        } else {
            let most = (args.max_sessions > 0).then_some(args.max_sessions);
            let options = TimelineOptions { idle: args.idle, most };
            let found = timeline(&session, &selection, &options).await?;
            write(&found, args.format, &mut target, terminal)?;
            if found.hidden() > 0 {
                let hidden = found.hidden();
                terminal.warning(&format!("{hidden} later sessions not shown; use --max-sessions 0"));
            }
            found.requests
        };
        target.finish()?;
        if found == 0 {
            return Err(nothing(&session, &selection, range, terminal).await?);
        }
        terminal.wrote(args.output.as_deref(), &plural(found, "request"));
        Ok(finish(&session, terminal).await)
    })
}

/// Writes requests as they arrive; returns their number.
async fn by_request(session: &Session, selection: &Selection, target: &mut Target) -> Result<u64, CliError> {
    let mut stream = requests(session, selection).await?;
    let mut written = 0;
    while let Some(batch) = stream.try_next().await.map_err(QueryError::from)? {
        timesketch::write(&batch, target)?;
        written += batch.num_rows() as u64;
    }
    Ok(written)
}

fn write(
    found: &TimelineReport,
    format: TimelineFormat,
    target: &mut Target,
    terminal: &Terminal,
) -> Result<(), CliError> {
    match format {
        TimelineFormat::Markdown => sessions::markdown(found, target)?,
        TimelineFormat::Json => {
            serde_json::to_writer_pretty(&mut *target, found).map_err(CliError::json)?;
            writeln!(target)?;
        }
        TimelineFormat::Ndjson => {
            for session in &found.sessions {
                serde_json::to_writer(&mut *target, session).map_err(CliError::json)?;
                writeln!(target)?;
            }
        }
        TimelineFormat::Table | TimelineFormat::Timesketch => {
            let is_coloured = terminal.colours(target.is_terminal());
            sessions::text(found, is_coloured, target)?;
        }
    }
    Ok(())
}

/// The error when nothing was found: no records, none in the time range, or none that match.
async fn nothing(
    session: &Session,
    selection: &Selection,
    range: TimeRange,
    terminal: &Terminal,
) -> Result<CliError, CliError> {
    let coverage = session.coverage().await?;
    if coverage.rows == 0 {
        require_records(session, range, terminal).await?;
    }
    finish(session, terminal).await;
    // Keys in the logs are encoded, most of them twice, and people copy them from there.
    let is_encoded = selection.keys.iter().any(|key| key.contains('%'));
    let hint = if is_encoded { " --key is compared with the decoded key (without %XX)." } else { "" };
    let all = match (coverage.first_time, coverage.last_time) {
        (Some(first), Some(last)) => {
            format!(" The input has {} from {first} to {last}.", plural(coverage.rows, "request"))
        }
        _ => String::new(),
    };
    Ok(CliError::Nothing(format!("no request matches{}.{hint}{all}", range.words())))
}
