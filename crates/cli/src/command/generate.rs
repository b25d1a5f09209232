//! `saltmine generate`: logs with known content.

use saltmine_generate::GenerateArgs;

use crate::error::CliError;
use crate::exit::ExitCode;
use crate::terminal::Terminal;

pub(crate) fn run(args: &GenerateArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let summary = saltmine_generate::run(args)?;
    terminal.note(&format!(
        "{} lines ({} rows, {} rejects, {} blanks) in {} files, {} bytes",
        summary.lines, summary.rows, summary.rejects, summary.blanks, summary.files, summary.bytes
    ));
    Ok(ExitCode::Success)
}
