//! `saltmine timeline`: shows activity as sessions or request by request.

use std::io::Write;

use futures::TryStreamExt;
use saltmine_query::incidents::IncidentRequests;
use saltmine_query::timeline::{
    Selection, SimilarTo, TimelineOptions, TimelineReport, parse_network, requests, similar, timeline,
};
use saltmine_query::{QueryError, Session, SessionOptions};

use super::coverage::{finish, require_records};
use super::export::{find, requests_of};
use super::query::block_on;
use crate::args::{TimeRange, TimelineArgs, TimelineFormat};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::{
    Case, Clock, Format, Options, Target, counted, sessions as brief, timeline as sessions, timesketch,
};
use crate::terminal::Terminal;

/// Width if nothing reports one.
const WIDTH: usize = 100;

pub(crate) fn run(args: &TimelineArgs, case: &Case, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let range = args.range.check()?;
    let is_by_request = args.format == TimelineFormat::Timesketch;
    let mut target = Target::open(args.output.as_deref())?;
    target = match args.format {
        _ if args.rows => target,
        TimelineFormat::Table | TimelineFormat::Markdown => target,
        TimelineFormat::Csv => target.of_bytes(false),
        TimelineFormat::Json | TimelineFormat::Ndjson | TimelineFormat::Timesketch => target.of_bytes(true),
    };
    // The time range does not limit first uses, which are determined from all of the logs.
    let options = SessionOptions {
        inputs: args.inputs.clone(),
        memory_limit: Some(args.memory_limit),
        threads: args.jobs,
        redaction: args.redact.redaction(),
        remote: args.cluster.remote(args.jobs),
        ..SessionOptions::default()
    };
    let mut selection = args.selection();
    if args.redact.redact.is_none() && !selection.pseudonyms.is_empty() {
        return Err(CliError::Usage(
            "--ip takes a pseudonym only together with --redact and the key that made the pseudonym".into(),
        ));
    }
    let hunted = IncidentSelection {
        args,
        case,
        options: SessionOptions { since: range.since, until: range.until, ..options.clone() },
    };
    block_on(async {
        let session = super::open(&options, terminal).await?;
        selection.requests = hunted.requests(terminal).await?;
        if args.rows {
            return rows(args, &case.clock, &session, &selection, target, terminal).await;
        }
        let found = if is_by_request {
            by_request(&session, &selection, &mut target).await?
        } else {
            let most = (args.max_sessions > 0).then_some(args.max_sessions);
            let options = TimelineOptions { idle: args.idle, most };
            let found = timeline(&session, &selection, &options).await?;
            write(&found, args, &case.clock, &mut target, terminal)?;
            if found.hidden() > 0 {
                let hidden = counted(found.hidden() as u64, "later session");
                terminal.warning(&format!("{hidden} not shown; --max-sessions 0 shows all"));
            }
            found.requests
        };
        target.finish()?;
        if found == 0 {
            return Err(nothing(&session, &selection, range, terminal).await?);
        }
        terminal.wrote(args.output.as_deref(), &counted(found, "request"));
        Ok(finish(&session, terminal).await)
    })
}

/// Arguments that select the requests of an incident.
struct IncidentSelection<'a> {
    args: &'a TimelineArgs,
    case: &'a Case,
    /// As in a hunt, this limits only what is reported.
    options: SessionOptions,
}

impl IncidentSelection<'_> {
    /// The requests of the given incident or finding; `None` if none is given.
    async fn requests(&self, terminal: &Terminal) -> Result<Option<IncidentRequests>, CliError> {
        let TimelineArgs { selectors, choice, inputs, .. } = self.args;
        if selectors.incident.is_none() && selectors.finding.is_none() {
            return Ok(None);
        }
        if inputs.iter().any(|input| input == "-") {
            return Err(CliError::Usage(
                "standard input can be read only once: write it to a file first".into(),
            ));
        }
        let catalogue = super::catalogue(choice.queries.as_deref())?;
        let session = super::open(&self.options, terminal).await?;
        let finding = selectors.finding.as_deref();
        let found = find(&session, &catalogue, choice.options(String::new(), 0, self.case), finding).await?;
        Ok(Some(requests_of(&found, selectors.incident, finding)?.clone()))
    }
}

/// Columns of a request in a timeline.
const COLUMNS: [&str; 12] = [
    "request_time",
    "requester",
    "remote_ip",
    "operation",
    "bucket",
    "object_key",
    "http_status",
    "error_code",
    "bytes_sent",
    "user_agent",
    "log_file",
    "log_line",
];

fn wrong(error: arrow::error::ArrowError) -> QueryError {
    saltmine_query::datafusion::error::DataFusionError::from(error).into()
}

/// Writes one line per request.
async fn rows(
    args: &TimelineArgs,
    clock: &Clock,
    session: &Session,
    selection: &Selection,
    target: Target,
    terminal: &Terminal,
) -> Result<ExitCode, CliError> {
    let format = match args.format {
        TimelineFormat::Table => Format::Table,
        TimelineFormat::Csv => Format::Csv,
        TimelineFormat::Json => Format::Json,
        TimelineFormat::Ndjson => Format::Ndjson,
        TimelineFormat::Markdown => Format::Markdown,
        TimelineFormat::Timesketch => {
            return Err(CliError::Usage(
                "the timesketch format always has one line per request; omit --rows".into(),
            ));
        }
    };
    let mut stream = requests(session, selection).await?;
    let schema = stream.schema();
    let columns = COLUMNS.map(|name| schema.index_of(name)).into_iter().collect::<Result<Vec<_>, _>>();
    let columns = columns.map_err(wrong)?;
    let is_table = format == Format::Table;
    let clock = if is_table { clock.clone() } else { Clock::default() };
    let shown = clock.with_column(&std::sync::Arc::new(schema.project(&columns).map_err(wrong)?));
    let options = Options {
        max_rows: (is_table && args.max_sessions > 0).then_some(args.max_sessions),
        width: if is_table { target.fitting_width() } else { None },
        ..Options::default()
    };
    let mut writer = format.writer(target, &shown, options)?;
    let mut found = 0;
    while let Some(batch) = stream.try_next().await.map_err(QueryError::from)? {
        found += batch.num_rows() as u64;
        writer.write(&clock.with_local(batch.project(&columns).map_err(wrong)?, &shown)?)?;
    }
    let hidden = writer.finish()?;
    if found == 0 {
        let range = args.range.check()?;
        return Err(nothing(session, selection, range, terminal).await?);
    }
    if hidden > 0 {
        terminal
            .warning(&format!("{} not shown; --limit 0 shows all", counted(hidden as u64, "later request")));
    }
    terminal.wrote(args.output.as_deref(), &counted(found, "request"));
    Ok(finish(session, terminal).await)
}

/// Writes the sessions of a requester, or of an address or network, to standard output.
pub(super) async fn write_sessions(
    session: &Session,
    who: &str,
    terminal: &Terminal,
) -> Result<(), CliError> {
    let selection = match parse_network(who) {
        Ok(network) => Selection { addresses: vec![network], ..Selection::default() },
        Err(_) => Selection { requesters: vec![who.to_owned()], ..Selection::default() },
    };
    let found = timeline(session, &selection, &TimelineOptions::default()).await?;
    if found.requests == 0 {
        let meant = suggestion(session, &selection).await?;
        return Err(CliError::Nothing(format!("no request matches.{meant}")));
    }
    let mut target = Target::open(None)?;
    let coloured = terminal.colours(target.is_terminal());
    let width = target.width(WIDTH).max(60);
    brief::text(&found, &Clock::default(), coloured, width, &mut target)?;
    target.finish()
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
    args: &TimelineArgs,
    clock: &Clock,
    target: &mut Target,
    terminal: &Terminal,
) -> Result<(), CliError> {
    match args.format {
        TimelineFormat::Markdown => sessions::markdown(found, clock, target)?,
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
            let coloured = terminal.colours(target.is_terminal());
            if args.details {
                sessions::text(found, clock, coloured, target)?;
            } else {
                let width = target.width(WIDTH).max(60);
                brief::text(found, clock, coloured, width, target)?;
            }
        }
        TimelineFormat::Csv => brief::csv(found, target)?,
    }
    Ok(())
}

/// The error if nothing was found: no records, none in the time range, or none that match.
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
    // Keys in the logs are encoded, most of them twice, and users paste them from there.
    let is_encoded = selection.keys.iter().any(|key| key.contains('%'));
    let hint = if is_encoded { " --key is compared with the decoded key (without %XX)." } else { "" };
    let all = match (coverage.first_time, coverage.last_time) {
        (Some(first), Some(last)) => {
            format!(" The input has {} from {first} to {last}.", counted(coverage.rows, "request"))
        }
        _ => String::new(),
    };
    let meant = suggestion(session, selection).await?;
    Ok(CliError::Nothing(format!("no request matches{}.{meant}{hint}{all}", range.words())))
}

/// Requesters and buckets similar to the given ones.
async fn suggestion(session: &Session, selection: &Selection) -> Result<String, CliError> {
    let patterns = selection.requesters.iter().map(|text| (SimilarTo::Requester, text));
    let patterns = patterns.chain(selection.buckets.iter().map(|text| (SimilarTo::Bucket, text)));
    let mut meant = Vec::new();
    for (to, text) in patterns {
        let found = similar(session, to, text).await?.into_iter().filter(|(name, _)| name != text);
        meant.extend(found.map(|(name, requests)| format!("{name} ({})", counted(requests, "request"))));
    }
    Ok(if meant.is_empty() { String::new() } else { format!(" Did you mean {}?", meant.join(" or ")) })
}
