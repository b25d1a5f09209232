//! What of raw files was damaged or could not be read.

use saltmine_query::{ScanReport, Session};

use crate::exit::ExitCode;
use crate::terminal::Terminal;

/// Damaged files that are named; all are counted.
const NAMED: usize = 20;

/// Says what of raw files was damaged or could not be read.
pub(crate) fn report(session: &Session, terminal: &Terminal) -> ExitCode {
    let report = session.scan_report();
    tell_copies(&report, terminal);
    if report.files() == 0 {
        return ExitCode::Success;
    }
    for source in report.sources.values().take(NAMED) {
        if let Some(problem) = &source.problem {
            terminal.warning(&format!("{}: {}: {problem}", source.name, source.state.as_str()));
        }
        if let Some(reject) = source.rejected.first() {
            let count = source.counts.rejects;
            let line = reject.line;
            let lines = if count == 1 { "line" } else { "lines" };
            terminal.warning(&format!(
                "{}:{line}: {}; {count} rejected {lines} in this file",
                source.name, reject.reason
            ));
        }
    }
    let more = report.files().saturating_sub(NAMED as u64);
    if more > 0 {
        terminal.warning(&format!("and {more} more files; ask the table sources"));
    }
    ExitCode::DamagedInput
}

/// Says which files were not read, as others have the same content.
fn tell_copies(report: &ScanReport, terminal: &Terminal) {
    let count = report.copies.len();
    for (copy, original) in report.copies.iter().take(NAMED) {
        terminal.note(&format!("{copy}: not read, as it has the same content as {original}"));
    }
    if count > NAMED {
        let more = count - NAMED;
        terminal.note(&format!("and {more} more copies; in the table sources their state is same"));
    }
}
