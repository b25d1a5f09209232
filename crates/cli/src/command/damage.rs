//! Reports damaged and copied raw files.

use saltmine_query::{ScanReport, Session};

use crate::exit::ExitCode;
use crate::output::counted;
use crate::terminal::Terminal;

/// Maximum number of damaged files to name; all are counted.
const MAX_NAMED: usize = 20;

/// Reports which raw files were damaged or unreadable.
pub(crate) fn report(session: &Session, terminal: &Terminal) -> ExitCode {
    let report = session.scan_report();
    report_copies(&report, terminal);
    if report.files() == 0 {
        return ExitCode::Success;
    }
    for source in report.sources.values().take(MAX_NAMED) {
        if let Some(problem) = &source.problem {
            terminal.warning(&format!("{}: {}: {problem}", source.name, source.state.as_str()));
        }
        if let Some(reject) = source.rejected.first() {
            let count = source.counts.rejects;
            let line = reject.line;
            terminal.warning(&format!(
                "{}:{line}: {}; {} in this file",
                source.name,
                reject.reason,
                counted(count, "rejected line")
            ));
        }
    }
    let more = report.files().saturating_sub(MAX_NAMED as u64);
    if more > 0 {
        terminal.warning(&format!("+ {}; see the table sources", counted(more, "more file")));
    }
    ExitCode::DamagedInput
}

/// Reports files that were not read because another file has the same content.
fn report_copies(report: &ScanReport, terminal: &Terminal) {
    let count = report.copies.len();
    for (copy, original) in report.copies.iter().take(MAX_NAMED) {
        terminal.note(&format!("{copy}: not read: same content as {original}"));
    }
    if count > MAX_NAMED {
        let more = count - MAX_NAMED;
        terminal.note(&format!(
            "+ {}; their state in the table sources is same",
            counted(more as u64, "more copy")
        ));
    }
}
