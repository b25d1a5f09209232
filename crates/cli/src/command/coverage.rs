//! Notes after the result of every command: what was skipped, what could not be read, and whether there was anything
//! to examine. No note means that nothing of the kind happened.

use saltmine_query::{Coverage, QueryError, Session};
use saltmine_scan::{NameRules, SkippedFiles};

use super::damage::report;
use crate::args::{TimeRange, span};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::{counted, shell_quote};
use crate::terminal::Terminal;

/// Reports which files were skipped. `shown` redacts names.
pub(crate) fn left_out(
    left_out: &SkippedFiles,
    names: NameRules,
    shown: impl Fn(&str) -> String,
    terminal: &Terminal,
) {
    let SkippedFiles { files, objects, periods, hidden, special, named } = left_out;
    if *files > 0 {
        terminal.note(&format!(
            "note: {} left out because of the {} names (--trust-names); without that option they are read",
            were(*files, "file"),
            if *files == 1 { "time in its" } else { "times in their" },
        ));
    }
    if objects + periods > 0 {
        let mut what = Vec::new();
        if *objects > 0 {
            what.push(counted(*objects, "object"));
        }
        if *periods > 0 {
            what.push(format!("{} of unlisted objects", counted(*periods, "day, month or year")));
        }
        terminal.note(&format!(
            "note: left out in S3 because their keys show delivery outside the time range and {} after \
             it: {}. --delivery-delay reads more of them, --trust-names=none all",
            span(names.delay),
            what.join(" and ")
        ));
    }
    if hidden + special > 0 {
        let mut what = Vec::new();
        if *hidden > 0 {
            what.push(counted(*hidden, "hidden file or folder"));
        }
        if *special > 0 {
            what.push(counted(*special, "special file"));
        }
        let more = (hidden + special).saturating_sub(named.len() as u64);
        let mut places: Vec<String> = named.iter().map(|name| shown(name)).collect();
        if more > 0 {
            places.push(format!("{more} more"));
        }
        terminal.note(&format!("note: skipped: {} ({})", what.join(" and "), places.join(", ")));
    }
}

fn were(count: u64, noun: &str) -> String {
    format!("{} {}", counted(count, noun), if count == 1 { "was" } else { "were" })
}

/// Reports, after the result, which input could not be read.
pub(crate) async fn finish(session: &Session, terminal: &Terminal) -> ExitCode {
    let Some(dataset) = session.dataset() else { return report(session, terminal) };
    if !terminal.is_quiet() {
        match session.coverage().await {
            Ok(coverage) => note(&coverage, &session.shown(dataset), terminal),
            Err(error) => terminal.warning(&format!("cannot read the table sources: {error}")),
        }
    }
    ExitCode::Success
}

/// Reports which input of a dataset could not be read.
pub(crate) fn note(coverage: &Coverage, dataset: &str, terminal: &Terminal) {
    if let Some(text) = incomplete(coverage) {
        terminal.note(&format!("note: {text}. Details: saltmine status {}", shell_quote(dataset)));
    } else if coverage.files == 0 {
        terminal.note("note: the dataset is empty: no log file has been ingested into it");
    }
}

/// `1 of 2 source files is incomplete (truncated: … at byte 20000), 1 line rejected`; `None` if all was read.
fn incomplete(coverage: &Coverage) -> Option<String> {
    let mut parts = Vec::new();
    if coverage.incomplete > 0 {
        let is = if coverage.incomplete == 1 { "is" } else { "are" };
        let mut text =
            format!("{} of {} {is} incomplete", coverage.incomplete, counted(coverage.files, "source file"));
        if let [problem] = &coverage.problems[..] {
            text += &match problem.problem.as_str() {
                "" => format!(" ({})", problem.state),
                text => format!(" ({}: {text})", problem.state),
            };
        }
        parts.push(text);
    }
    if coverage.rejects > 0 {
        parts.push(format!("{} rejected", counted(coverage.rejects, "line")));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Fails with the reason if there are no records to examine.
pub(crate) async fn require_records(
    session: &Session,
    range: TimeRange,
    terminal: &Terminal,
) -> Result<(), CliError> {
    if session.has_records().await? {
        return Ok(());
    }
    let text = nothing(session, range).await?;
    report(session, terminal);
    Err(CliError::Nothing(format!("{text}. Nothing was checked")))
}

/// Why there are no records: `no log records …`.
pub(crate) async fn nothing(session: &Session, range: TimeRange) -> Result<String, QueryError> {
    let coverage = session.coverage().await?;
    let Coverage { files, incomplete, lines, rows, rejects, .. } = coverage;
    if let (Some(first), Some(last)) = (coverage.first_time, coverage.last_time)
        && rows > 0
    {
        return Ok(format!(
            "no log records with{}: the input has {} from {first} to {last}",
            range.words(),
            counted(rows, "request")
        ));
    }
    if files == 0 {
        return Ok(match session.dataset() {
            Some(_) => "no log records to examine: the dataset is empty".to_owned(),
            None => "no log records to examine: every file was left out because of its name".to_owned(),
        });
    }
    let mut why = vec![format!("{} read", counted(files, "file")), "0 records".to_owned()];
    if rejects > 0 {
        why.push(format!("{} rejected", counted(rejects, "line")));
    }
    if lines == 0 && incomplete == 0 {
        why.push(if files == 1 { "the file is empty" } else { "all files are empty" }.to_owned());
    }
    why.extend(coverage.problems.iter().map(|problem| {
        format!("{} is {}: {}", problem.log_file, problem.state.replace('_', " "), problem.problem)
    }));
    Ok(format!("no log records to examine: {}", why.join(", ")))
}
