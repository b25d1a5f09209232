//! `saltmine compact`: small files of a dataset into larger ones.

use saltmine_lake::{CompactOptions, Dataset, compact};

use crate::args::CompactArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
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
            "{} rows removed that were equal to another in every field of the line; the table duplicates names them",
            report.duplicates
        ));
    }
    if report.files_before == 0 {
        terminal.note("Nothing to compact.");
        return Ok(ExitCode::Success);
    }
    terminal.note(&format!(
        "{} files of {} bytes became {} files of {} bytes, with {} rows",
        report.files_before, report.bytes_before, report.files_after, report.bytes_after, report.rows
    ));
    Ok(ExitCode::Success)
}
