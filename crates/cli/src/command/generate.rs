//! `saltmine generate`: generates logs with known content.

use saltmine_generate::GenerateArgs;

use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::{counted, line_counts};
use crate::terminal::Terminal;

pub(crate) fn run(args: &GenerateArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    if !args.scenario_set.is_empty() {
        return scenario_set(args, terminal);
    }
    let summary = saltmine_generate::run(args)?;
    terminal.note(&format!(
        "{} in {}, {}",
        line_counts(summary.lines, summary.rows, summary.rejects, summary.blanks),
        counted(summary.files, "file"),
        counted(summary.bytes, "byte")
    ));
    Ok(ExitCode::Success)
}

fn scenario_set(args: &GenerateArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let copy_source = args.copy_source.unwrap_or_default();
    let truths = saltmine_generate::write_set(&args.out, &args.scenario_set, args.seed, copy_source)?;
    let records: u64 = truths.values().map(|truth| truth.records).sum();
    let attacks = truths.values().filter(|truth| truth.attack.is_some()).count();
    terminal.note(&format!(
        "{} in {}: {}, {} benign; ground truth in {}",
        counted(records, "record"),
        counted(truths.len() as u64, "scenario"),
        counted(attacks as u64, "attack"),
        truths.len() - attacks,
        args.out.join("truth.json").display()
    ));
    Ok(ExitCode::Success)
}
