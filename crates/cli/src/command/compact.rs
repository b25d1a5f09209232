//! `saltmine compact`: merges small files of a dataset into larger ones.

use indicatif::DecimalBytes;
use saltmine_lake::{CompactOptions, Dataset, compact};

use crate::args::CompactArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::counted;
use crate::terminal::Terminal;

pub(crate) fn run(args: &CompactArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let dataset = Dataset::open(&args.dataset)?;
    let stop = super::stop_on_interrupt(terminal);
    let options = CompactOptions { jobs: args.jobs, dedup: args.dedup, stop: Some(&stop) };
    let waiting =
        || terminal.note(&format!("{}: another run is writing; waiting for it", args.dataset.display()));
    let report = compact(&dataset, &options, &waiting)?;
    if args.dedup {
        terminal.note(&format!(
            "{} removed as duplicates (equal in every logged field); see the table duplicates",
            counted(report.duplicates, "row")
        ));
    }
    if report.files_before == 0 {
        terminal.note("Nothing to compact.");
        return Ok(ExitCode::Success);
    }
    terminal.note(&format!(
        "{} ({}) merged into {} ({}) with {}",
        counted(report.files_before, "file"),
        DecimalBytes(report.bytes_before),
        counted(report.files_after, "file"),
        DecimalBytes(report.bytes_after),
        counted(report.rows, "row")
    ));
    Ok(ExitCode::Success)
}
