//! `saltmine verify`: compares a dataset with its logs, line by line.

use std::io::{self, Write};

use saltmine_lake::{Dataset, Examiner, Outcome, VerifyOptions, VerifyReport, verify};
use saltmine_query::quantity::grouped;
use saltmine_scan::{Discovery, discover_within};

use super::coverage;
use crate::args::{ReportFormat, VerifyArgs};
use crate::custody;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::sanitize::sanitize;
use crate::output::{Target, counted, line_counts};
use crate::terminal::Terminal;

pub(crate) fn run(args: &VerifyArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let format = format_of(args)?;
    let signer = custody::signer(&args.custody)?;
    let dataset = Dataset::open(&args.dataset)?;
    let window = args.files.window()?;
    let given = !args.sources.is_empty();
    let Discovery { sources, left_out } =
        if given { discover_within(&args.sources, window)? } else { Discovery::default() };
    coverage::left_out(&left_out, window.names, str::to_owned, terminal);
    let options = VerifyOptions {
        sources: given.then_some(&sources),
        paths: args.sources.clone(),
        range: args.files.words().filter(|_| given),
        left_out: left_out.files + left_out.objects + left_out.periods,
        passed_over: left_out.hidden + left_out.special,
        examiner: Examiner { name: args.by.clone().or_else(account), host: host() },
    };
    let mut report = verify(&dataset, &options)?;
    report.checks.extend(custody::check(&args.custody, args.output.as_deref(), &report)?);
    report.verdict = report.verdict();
    let mut out = Target::open(args.output.as_deref())?;
    match format {
        ReportFormat::Json => {
            out = out.of_bytes(true);
            serde_json::to_writer_pretty(&mut out, &report).map_err(CliError::json)?;
            writeln!(out)?;
        }
        ReportFormat::Text => write_text(&report, &mut out)?,
    }
    out.finish()?;
    if let Some(path) = &args.output {
        terminal.note(&format!("{}: {}", path.display(), report.verdict));
        for written in custody::sign_report(&args.custody, signer, path, &report)? {
            terminal.note(&format!("wrote {}", written.display()));
        }
    }
    Ok(match (report.passed(), report.is_partial()) {
        (false, _) => ExitCode::Failure,
        (true, true) => ExitCode::DamagedInput,
        (true, false) => ExitCode::Success,
    })
}

/// A signed report is later compared with a dataset by the program.
fn format_of(args: &VerifyArgs) -> Result<ReportFormat, CliError> {
    let sealed = args.custody.sign.is_some() || args.custody.timestamp.is_some();
    match args.format {
        Some(ReportFormat::Text) if sealed => {
            Err(CliError::Usage("signed and time-stamped reports are always JSON; omit --format text".into()))
        }
        Some(format) => Ok(format),
        None if sealed => Ok(ReportFormat::Json),
        None => Ok(ReportFormat::Text),
    }
}

/// The user account's name, from the environment.
fn account() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok())
}

fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name =
        name.or_else(|| ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(|name| std::env::var(name).ok()));
    name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn write_text(report: &VerifyReport, out: &mut impl Write) -> io::Result<()> {
    write_head(report, out)?;
    write_lists(report, out)?;
    for check in &report.checks {
        let word = match check.outcome() {
            Outcome::Passed => "passed ",
            Outcome::Failed => "FAILED ",
            Outcome::Skipped => "skipped",
        };
        writeln!(out, "{word}  {}: {} ({} examined)", check.name, check.claim, check.examined)?;
        if let Some(reason) = check.skipped {
            writeln!(out, "         {reason}")?;
        }
        for detail in &check.details {
            writeln!(out, "         {}", sanitize(detail))?;
        }
        let more = check.failures.saturating_sub(check.details.len() as u64);
        if more > 0 {
            writeln!(out, "         + {more} more")?;
        }
    }
    writeln!(out, "\n{}", report.verdict)?;
    writeln!(out, "\nSigned    ______________________________    Date  ______________")
}

fn write_head(report: &VerifyReport, out: &mut impl Write) -> io::Result<()> {
    let totals = &report.totals;
    let name = report.examiner.name.as_deref().map_or("(not given, use --by NAME)".into(), sanitize);
    let host = report.examiner.host.as_deref().map_or("(unknown)".into(), sanitize);
    writeln!(out, "Verification of a dataset of S3 server access logs\n")?;
    writeln!(out, "Dataset   {}", sanitize(&report.dataset))?;
    for path in &report.sources {
        writeln!(out, "Logs      {}", sanitize(path))?;
    }
    if let Some(range) = &report.range {
        writeln!(out, "Range     {range}: {} left out by their names", report.left_out)?;
    }
    writeln!(out, "Verified  {} by saltmine {}", report.verified_at, report.saltmine_version)?;
    if report.ingested_by.iter().any(|version| *version != report.saltmine_version) {
        let versions: Vec<_> = report.ingested_by.iter().map(|version| sanitize(version)).collect();
        writeln!(
            out,
            "Ingested  by saltmine {}, which may parse some lines differently",
            versions.join(", ")
        )?;
    }
    writeln!(out, "Examiner: {name} · host {host}")?;
    for table in &report.tables {
        writeln!(
            out,
            "Table     {}: version {}, {} in {}, {}\n          fingerprint {}",
            table.name,
            table.version,
            counted(table.rows, "row"),
            counted(table.files, "file"),
            counted(table.bytes, "byte"),
            table.fingerprint
        )?;
    }
    writeln!(out, "Sources   fingerprint {}", report.sources_fingerprint)?;
    writeln!(
        out,
        "Ledger    {} ({} incomplete), {}",
        counted(totals.sources, "source"),
        totals.incomplete,
        line_counts(totals.lines, totals.rows, totals.rejects, totals.blanks)
    )?;
    match &report.compared {
        None => writeln!(out, "Compared  nothing: no logs were given")?,
        Some(compared) => writeln!(
            out,
            "Compared  {} ({}), {} ({} decompressed), {}: {} in {}, {}, {}\nLeft out  {} of {} without logs to compare with",
            counted(compared.sources, "source"),
            counted(compared.copies, "copy"),
            counted(compared.bytes, "byte"),
            grouped(compared.inflated),
            counted(compared.lines, "line"),
            counted(compared.rows, "row"),
            counted(compared.columns, "column"),
            counted(compared.rejects, "reject"),
            counted(compared.duplicates, "duplicate"),
            counted(compared.unverifiable_rows, "row"),
            counted(compared.unverifiable_sources, "source"),
        )?,
    }
    if report.passed_over > 0 {
        writeln!(out, "Not read  {} among the logs", counted(report.passed_over, "hidden or special file"))?;
    }
    writeln!(out)
}

/// Lists sources that are incomplete, could not be compared, or have been renamed. All checks may pass nevertheless.
fn write_lists(report: &VerifyReport, out: &mut impl Write) -> io::Result<()> {
    let incomplete = report.incomplete.iter().map(|source| {
        let problem = source.problem.as_deref().unwrap_or_default();
        format!("{}: {}: {}", sanitize(&source.log_file), sanitize(&source.state), sanitize(problem))
    });
    let all = report.totals.incomplete;
    write_list("Incomplete sources", incomplete, all, "; see the table sources", out)?;
    let compared = report.compared.clone().unwrap_or_default();
    let unverifiable = report
        .unverifiable
        .iter()
        .map(|source| format!("{}: {}", sanitize(&source.log_file), sanitize(&source.reason)));
    let all = compared.unverifiable_sources;
    write_list("Sources that could not be compared", unverifiable, all, "", out)?;
    let renamed = report
        .renamed
        .iter()
        .map(|source| format!("{}: now {}", sanitize(&source.log_file), sanitize(&source.now)));
    let all = compared.renamed_sources;
    write_list("Sources renamed since they were ingested", renamed, all, "", out)
}

fn write_list(
    title: &str,
    lines: impl ExactSizeIterator<Item = String>,
    all: u64,
    hint: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    if all == 0 {
        return Ok(());
    }
    writeln!(out, "{title}")?;
    let more = all.saturating_sub(lines.len() as u64);
    for line in lines {
        writeln!(out, "  {line}")?;
    }
    if more > 0 {
        writeln!(out, "  + {more} more{hint}")?;
    }
    writeln!(out)
}
