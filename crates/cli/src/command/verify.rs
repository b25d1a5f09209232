//! `saltmine verify`: is every line accounted for, is every file what was written.

use std::io::{self, Write};

use saltmine_lake::{Dataset, Outcome, VerifyReport, verify};

use crate::args::{ReportFormat, VerifyArgs};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::sanitize::sanitize;

pub(crate) fn run(args: &VerifyArgs) -> Result<ExitCode, CliError> {
    let dataset = Dataset::open(&args.dataset)?;
    let report = verify(&dataset, args.source_root.as_deref())?;
    let mut out = io::stdout().lock();
    match args.format {
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &report)
                .map_err(|error| CliError::Output(error.into()))?;
            writeln!(out)?;
        }
        ReportFormat::Text => write_text(&report, &mut out)?,
    }
    Ok(if report.passed() { ExitCode::Success } else { ExitCode::Failure })
}

fn write_text(report: &VerifyReport, out: &mut impl Write) -> io::Result<()> {
    let totals = &report.totals;
    writeln!(out, "Dataset   {}", sanitize(&report.dataset))?;
    writeln!(out, "Verified  {} by saltmine {}", report.verified_at, report.saltmine_version)?;
    for table in &report.tables {
        writeln!(
            out,
            "Table     {}: version {}, {} rows in {} files, {} bytes",
            table.name, table.version, table.rows, table.files, table.bytes
        )?;
    }
    writeln!(
        out,
        "Ledger    {} sources ({} not complete), {} lines = {} rows + {} rejects + {} blanks\n",
        totals.sources, totals.incomplete, totals.lines, totals.rows, totals.rejects, totals.blanks
    )?;
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
    writeln!(out, "\n{verdict}")
}
