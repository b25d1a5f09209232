//! `saltmine ingest`: reads logs into a dataset.

use std::io::Write;
use std::path::Path;

use indicatif::{DecimalBytes, HumanCount};
use saltmine_lake::{IngestReport, IngestRequest, LakeError, PartitionBy, ingest, new_objects};
use saltmine_query::{Session, SessionOptions};
use saltmine_scan::{Discovery, NameTrust, Source, Window, discover_within, sizes};

use super::coverage;
use super::query::block_on;
use crate::args::{IngestArgs, PartitionColumns};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::sanitize::sanitize;
use crate::output::{counted, line_counts};
use crate::progress::{IngestProgress, InputCheck};
use crate::terminal::Terminal;

pub(crate) fn run(args: &IngestArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let window = args.files.window()?;
    if args.to.is_file() {
        let problem = format!("--to {}: this is a file; a dataset is a folder", args.to.display());
        return Err(CliError::Usage(problem));
    }
    let Discovery { sources, left_out } = discover_within(&args.paths, window)?;
    coverage::left_out(&left_out, window.names, str::to_owned, terminal);
    if window.is_bounded() {
        whole_files(&sources, window, terminal);
    }
    if args.dry_run {
        return list(&sources, &args.to);
    }
    if sources.is_empty() {
        let problem =
            "no log files to read: all of them were left out because of their names; see --trust-names";
        return Err(CliError::Nothing(problem.to_owned()));
    }
    let stop = super::stop_on_interrupt(terminal);
    let doubt = (!args.keep_going && !args.strict).then(|| InputCheck::new(&stop));
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
    let progress = IngestProgress::new(terminal, &sources, doubt);
    let report = work(args, &request, &progress, terminal);
    progress.finish();
    let report = match (report, progress.verdict()) {
        (Err(CliError::Lake(LakeError::Stopped { .. })), Some(verdict)) => {
            return Err(CliError::Nothing(verdict));
        }
        (report, _) => report?,
    };
    warn(&report, terminal);
    terminal.note(&summary(&report));
    if report.skipped > 0 && !terminal.is_quiet() {
        report_incomplete(&args.to, terminal)?;
    }
    Ok(if report.is_clean() { ExitCode::Success } else { ExitCode::DamagedInput })
}

/// Notes that --since and --until skip whole files, and by default none on disk.
fn whole_files(sources: &[Source], window: Window, terminal: &Terminal) {
    let on_disk = sources.iter().filter(|source| source.object.is_none()).count();
    let text = match window.names.trust {
        _ if sources.is_empty() => return,
        NameTrust::All => "files are ingested whole: --since and --until select files, not lines".to_owned(),
        _ if on_disk == 0 => {
            "objects are ingested whole: --since and --until select objects, not lines".to_owned()
        }
        _ => format!(
            "--since and --until do not apply to files on disk, whose names prove nothing: {} ingested, whatever the \
             times in them. --trust-names leaves out files by their names",
            if on_disk == 1 {
                "1 file is".to_owned()
            } else {
                format!("{} are", counted(on_disk as u64, "file"))
            }
        ),
    };
    terminal.note(&format!("note: {text}. --since and --until of query and hunt limit what is examined"));
}

/// Reports damage in files that an earlier run read and this one skipped.
fn report_incomplete(dataset: &Path, terminal: &Terminal) -> Result<(), CliError> {
    let name = dataset.display().to_string();
    let options = SessionOptions { inputs: vec![name.clone()], ..SessionOptions::default() };
    let coverage = block_on(async { Ok(Session::open(&options).await?.coverage().await?) })?;
    coverage::note(&coverage, &name, terminal);
    Ok(())
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
    writeln!(out, "{bytes:>12}  bytes in {}", counted(sources.len() as u64, "file"))?;
    let objects = sources.iter().filter(|source| source.object.is_some()).count();
    if objects > 0 {
        let new = new_objects(sources, dataset)?;
        let gets: u64 = new.iter().map(|object| object.gets()).sum();
        let listed = saltmine_s3::requests().list;
        writeln!(
            out,
            "{:>12}  new of {}; GET requests needed: {gets}; LIST requests made: {listed}",
            new.len(),
            counted(objects as u64, "object")
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
        terminal.warning(&format!("+ {}; see the table sources", counted(more, "more file")));
    }
    for named in &report.rejects {
        let reject = &named.reject;
        terminal.warning(&format!(
            "{}:{}: rejected: {} (byte {} of the decompressed file)",
            named.log_file, reject.line, reject.reason, reject.offset
        ));
    }
    let more = report.counts.rejects.saturating_sub(report.rejects.len() as u64);
    if more > 0 {
        terminal.warning(&format!("+ {}; see the table rejects", counted(more, "more rejected line")));
    }
}

fn summary(report: &IngestReport) -> String {
    let counts = &report.counts;
    let seconds = report.elapsed.as_secs_f64().max(0.001);
    if report.files > 0 && report.skipped == report.files {
        return format!("{}: nothing new (all already in the dataset)", counted(report.files, "file"));
    }
    let mut text = format!(
        "{} ({} with anomalies)\n",
        line_counts(counts.lines, counts.rows, counts.rejects, counts.blanks),
        counted(counts.anomalies, "row")
    );
    text += &format!(
        "{}: {} read, {} skipped (already in the dataset), {} with problems\n",
        counted(report.files, "file"),
        HumanCount(report.read.saturating_sub(report.problem_count)),
        HumanCount(report.skipped),
        HumanCount(report.problem_count)
    );
    text += &format!(
        "{} read ({} decompressed), {} written to {}, in {seconds:.2} s ({} lines/s)",
        DecimalBytes(report.bytes),
        DecimalBytes(report.inflated),
        DecimalBytes(report.parquet_bytes),
        counted(report.parquet_files, "Parquet file"),
        HumanCount((counts.lines as f64 / seconds) as u64)
    );
    text
}
