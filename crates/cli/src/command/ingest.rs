//! `saltmine ingest`: logs into a dataset.

use std::io::Write;
use std::path::Path;

use saltmine_lake::{IngestReport, IngestRequest, PartitionBy, ingest, new_objects};
use saltmine_scan::{Source, Window, discover_within, name_time_range, sizes};

use crate::args::{IngestArgs, PartitionColumns};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::sanitize::sanitize;
use crate::progress::IngestProgress;
use crate::terminal::Terminal;

pub(crate) fn run(args: &IngestArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let window = Window { since: args.since, until: args.until };
    let mut sources = discover_within(&args.paths, window)?;
    if window != Window::default() {
        sources.retain(|source| window.may_hold(name_time_range(&source.name)));
    }
    if args.dry_run {
        return list(&sources, &args.to);
    }
    let stop = super::stop_on_interrupt(terminal);
    let request = IngestRequest {
        sources: &sources,
        dataset: &args.to,
        partition_by: args.partition_by.map(|columns| match columns {
            PartitionColumns::EventDate => PartitionBy::EventDate,
            PartitionColumns::BucketEventDate => PartitionBy::BucketAndEventDate,
        }),
        jobs: args.jobs,
        strict: args.strict,
        stop: Some(&stop),
    };
    let progress = IngestProgress::new(terminal, &sources);
    let report = work(args, &request, &progress, terminal);
    progress.finish();
    let report = report?;
    warn(&report, terminal);
    terminal.note(&summary(&report));
    Ok(if report.is_clean() { ExitCode::Success } else { ExitCode::DamagedInput })
}

#[cfg(feature = "cluster")]
fn work(
    args: &IngestArgs,
    request: &IngestRequest<'_>,
    progress: &IngestProgress,
    terminal: &Terminal,
) -> Result<IngestReport, CliError> {
    super::cluster::ingest(args, request, progress, terminal)
        .unwrap_or_else(|| Ok(ingest(request, progress)?))
}

#[cfg(not(feature = "cluster"))]
fn work(
    _: &IngestArgs,
    request: &IngestRequest<'_>,
    progress: &IngestProgress,
    _: &Terminal,
) -> Result<IngestReport, CliError> {
    Ok(ingest(request, progress)?)
}

fn list(sources: &[Source], dataset: &Path) -> Result<ExitCode, CliError> {
    let mut out = std::io::stdout().lock();
    let sizes = sizes(sources);
    for (source, size) in sources.iter().zip(&sizes) {
        writeln!(out, "{size:>12}  {}", sanitize(&source.name))?;
    }
    let bytes: u64 = sizes.iter().sum();
    writeln!(out, "{bytes:>12}  bytes in {} files", sources.len())?;
    let objects = sources.iter().filter(|source| source.object.is_some()).count();
    if objects > 0 {
        let new = new_objects(sources, dataset)?;
        let gets: u64 = new.iter().map(|object| object.gets()).sum();
        let listed = saltmine_s3::requests().list;
        writeln!(
            out,
            "{:>12}  of {objects} objects are new: {gets} GET requests, after {listed} LIST requests that were made",
            new.len()
        )?;
    }
    Ok(ExitCode::Success)
}

fn warn(report: &IngestReport, terminal: &Terminal) {
    for outcome in &report.problems {
        let state = outcome.state.map_or("skipped", |state| state.as_str());
        let problem = outcome.problem.as_ref().map_or_else(String::new, ToString::to_string);
        terminal.warning(&format!("{}: {state}: {problem}", outcome.name));
    }
    let more = report.problem_count.saturating_sub(report.problems.len() as u64);
    if more > 0 {
        terminal.warning(&format!("and {more} more files; see the table sources"));
    }
    for named in &report.rejects {
        let reject = &named.reject;
        terminal.warning(&format!(
            "{}:{}: rejected: {} (byte {} of the inflated file)",
            named.log_file, reject.line, reject.reason, reject.offset
        ));
    }
    let more = report.counts.rejects.saturating_sub(report.rejects.len() as u64);
    if more > 0 {
        terminal.warning(&format!("and {more} more rejected lines; see the table rejects"));
    }
}

fn summary(report: &IngestReport) -> String {
    let counts = &report.counts;
    let seconds = report.elapsed.as_secs_f64().max(0.001);
    let mut text = format!(
        "{} lines = {} rows + {} rejects + {} blanks; {} rows with an anomaly\n",
        counts.lines, counts.rows, counts.rejects, counts.blanks, counts.anomalies
    );
    text += &format!(
        "{} files: {} read, {} skipped (content already there), {} with problems\n",
        report.files, report.read, report.skipped, report.problem_count
    );
    text += &format!(
        "{} bytes read, {} inflated, {} written to {} Parquet files, in {seconds:.2} s ({:.0} lines/s)",
        report.bytes,
        report.inflated,
        report.parquet_bytes,
        report.parquet_files,
        counts.lines as f64 / seconds
    );
    text
}
