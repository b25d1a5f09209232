//! `saltmine recover`: completes or removes what an interrupted run left behind.

use saltmine_lake::{Dataset, DatasetLock, DiscardedRound, Recovery};

use crate::args::RecoverArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::counted;
use crate::terminal::Terminal;

/// Maximum number of sources to name; the others are counted.
const MAX_NAMED: usize = 20;

pub(crate) fn run(args: &RecoverArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let dataset = Dataset::open(&args.dataset)?;
    let stop = super::stop_on_interrupt(terminal);
    let waiting =
        || terminal.note(&format!("{}: another run is writing; waiting for it", args.dataset.display()));
    let lock = DatasetLock::acquire_unless_stopped(&dataset, &waiting, Some(&stop))?;
    let (recovery, discarded) =
        if args.discard { lock.discard_lost()? } else { (lock.recover()?, Vec::new()) };
    for round in &discarded {
        report_discarded(round, terminal);
    }
    let Recovery { completed, discarded: removed } = recovery;
    if completed.is_empty() && removed == 0 && discarded.is_empty() {
        terminal.note("Nothing to recover: no run was interrupted.");
        return Ok(ExitCode::Success);
    }
    let rows: u64 = completed.iter().map(|round| round.rows).sum();
    terminal.note(&format!(
        "{} completed ({}), {} removed, {} set aside",
        counted(completed.len() as u64, "round"),
        counted(rows, "row"),
        counted(removed as u64, "unfinished round"),
        counted(discarded.len() as u64, "round")
    ));
    // Data is missing, as reported above.
    Ok(if discarded.is_empty() { ExitCode::Success } else { ExitCode::DamagedInput })
}

fn report_discarded(round: &DiscardedRound, terminal: &Terminal) {
    let DiscardedRound { run_id, round: number, rows, rejects, sources, duplicates, .. } = round;
    terminal.warning(&format!(
        "round {number} of run {run_id} set aside; missing from the dataset: {}, {} and {}",
        counted(*rows, "row"),
        counted(*rejects, "reject"),
        counted(*sources, "source")
    ));
    for file in &round.lost {
        terminal.warning(&format!("lost: {}", file.display()));
    }
    if *duplicates > 0 {
        terminal.warning(&format!("lost from the table duplicates: {}", counted(*duplicates, "row")));
    }
    if *sources > 0 {
        terminal.warning("ingest these sources again:");
        for name in round.source_names.iter().take(MAX_NAMED) {
            terminal.warning(&format!("  {name}"));
        }
        let more = sources.saturating_sub(round.source_names.len().min(MAX_NAMED) as u64);
        if more > 0 {
            terminal.warning(&format!("  + {more} more"));
        }
    }
}
