//! `saltmine verify`: is every line accounted for, is every file what was written.

use std::io::{self, Write};

use saltmine_lake::{Dataset, Examiner, Outcome, VerifyOptions, VerifyReport, verify};

use crate::args::{ReportFormat, VerifyArgs};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::Target;
use crate::output::sanitize::sanitize;

pub(crate) fn run(args: &VerifyArgs) -> Result<ExitCode, CliError> {
    let dataset = Dataset::open(&args.dataset)?;
    let examiner = Examiner { name: args.by.clone().or_else(account), host: host() };
    let source_root = args.source_root.as_deref();
    let report =
        verify(&dataset, &VerifyOptions { source_root, sample: args.sample, seed: args.seed, examiner })?;
    let mut out = Target::open(None)?;
    match args.format {
        ReportFormat::Json => {
            out = out.of_bytes(true);
            serde_json::to_writer_pretty(&mut out, &report).map_err(CliError::json)?;
            writeln!(out)?;
        }
        ReportFormat::Text => write_text(&report, &mut out)?,
    }
    out.finish()?;
    Ok(if report.passed() { ExitCode::Success } else { ExitCode::Failure })
}

/// The name of the account, as the environment tells it.
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
    let totals = &report.totals;
    let unknown = |text: &Option<String>| text.as_deref().map_or("unknown".into(), sanitize).into_owned();
    writeln!(out, "Verification of a dataset of S3 server access logs\n")?;
    writeln!(out, "Dataset   {}", sanitize(&report.dataset))?;
    if let Some(root) = &report.source_root {
        writeln!(out, "Logs      {}", sanitize(root))?;
    }
    writeln!(out, "Verified  {} by saltmine {}", report.verified_at, report.saltmine_version)?;
    writeln!(out, "For       {}, on {}", unknown(&report.examiner.name), unknown(&report.examiner.host))?;
    for table in &report.tables {
        writeln!(
            out,
            "Table     {}: version {}, {} rows in {} files, {} bytes\n          fingerprint {}",
            table.name, table.version, table.rows, table.files, table.bytes, table.fingerprint
        )?;
    }
    writeln!(out, "Sources   fingerprint {}", report.sources_fingerprint)?;
    if let Some(sample) = report.sample {
        writeln!(out, "Sample    {} rows, seed {}", sample.rows, sample.seed)?;
    }
    writeln!(
        out,
        "Ledger    {} sources ({} not complete), {} lines = {} rows + {} rejects + {} blanks\n",
        totals.sources, totals.incomplete, totals.lines, totals.rows, totals.rejects, totals.blanks
    )?;
    write_incomplete(report, out)?;
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
            writeln!(out, "         and {more} more")?;
        }
    }
    let verdict = if report.passed() { "Every check passed." } else { "NOT every check passed." };
    writeln!(out, "\n{verdict}")?;
    writeln!(out, "\nSigned    ______________________________    Date  ______________")
}

/// The sources of which something is missing or in doubt. Checks can pass all the same: what was there was read.
fn write_incomplete(report: &VerifyReport, out: &mut impl Write) -> io::Result<()> {
    if report.incomplete.is_empty() {
        return Ok(());
    }
    writeln!(out, "Sources that are not complete")?;
    for source in &report.incomplete {
        let problem = source.problem.as_deref().unwrap_or_default();
        writeln!(
            out,
            "  {}: {}: {}",
            sanitize(&source.log_file),
            sanitize(&source.state),
            sanitize(problem)
        )?;
    }
    let more = report.totals.incomplete.saturating_sub(report.incomplete.len() as u64);
    if more > 0 {
        writeln!(out, "  and {more} more; see the table sources")?;
    }
    writeln!(out)
}
