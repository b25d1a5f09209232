//! The head of a page: its subject and its provenance.

use saltmine_query::quantity::counted;
use saltmine_query::report::{Report, Value};

use super::figures::Sql;
use super::{Origin, text};
use crate::output::line_counts;

pub(super) struct Head {
    pub(super) title: String,
    pub(super) period: Option<(String, String)>,
    pub(super) examiner: Option<String>,
    /// The zone of local times; `None` if all times are UTC.
    pub(super) zone: Option<String>,
    /// How much was examined.
    pub(super) coverage: String,
    /// Problems with the sources.
    pub(super) problems: Vec<String>,
    /// Key figures: label, value, exact value.
    pub(super) facts: Vec<(&'static str, String, String)>,
    /// Provenance: label and text.
    pub(super) origin: Vec<(&'static str, String)>,
    pub(super) sql: Vec<Sql>,
}

pub(super) fn head(report: &Report, origin: &Origin, shown: usize) -> Head {
    let mut facts = Vec::new();
    let mut period = None;
    let mut sql = Vec::new();
    if let Some(answer) = report.answer("buckets") {
        sql.push(Sql { of: " of the numbers", ..Sql::from_answer(answer) });
        if let Some(all) = answer.part("all").next() {
            let time = |column| answer.time(all, column).map(text::time);
            period = time("first_seen").zip(time("last_seen"));
            let mut fact = |label, column| {
                let number = answer.integer(all, column);
                facts.push((label, text::count(number), String::new()));
            };
            fact("Requests", "requests");
            fact("Failed", "failed");
            fact("Anonymous", "anonymous");
            let buckets =
                answer.part("bucket").filter(|row| *answer.value(row, "bucket") != Value::Null).count();
            let more = if answer.rows.len() > 100 { "100 or more" } else { "" };
            facts.push((
                "Buckets",
                if more.is_empty() { text::count(buckets as i64) } else { more.to_owned() },
                String::new(),
            ));
            let mut fact = |label, column| {
                facts.push((label, text::count(answer.integer(all, column)), String::new()));
            };
            fact("Requesters", "requesters");
            fact("Source IPs", "addresses");
            let bytes = answer.integer(all, "bytes_sent");
            facts.push(("Bytes sent", text::bytes(bytes), format!("{} bytes", text::count(bytes))));
        }
    }
    sql.push(Sql { of: " of the source files", ..Sql::new(report.sources.sql, &[]) });
    Head {
        title: text::cut(&origin.title, shown),
        period,
        examiner: origin.examiner.as_ref().map(|examiner| text::cut(examiner, shown)),
        zone: origin.clock.zone.as_ref().map(ToString::to_string),
        coverage: coverage(report),
        problems: problems(report),
        facts,
        origin: made(report, origin, shown),
        sql,
    }
}

/// `5,031 requests, 8 buckets, 86 principals`.
fn coverage(report: &Report) -> String {
    let all = report.answer("buckets").and_then(|answer| Some((answer, answer.part("all").next()?)));
    let Some((answer, all)) = all else { return String::new() };
    let requests = u64::try_from(answer.integer(all, "requests")).unwrap_or(0);
    let examined = &report.hunt.examined;
    [(requests, "request"), (examined.buckets, "bucket"), (examined.principals, "principal")]
        .map(|(count, noun)| counted(count, noun))
        .join(", ")
}

fn problems(report: &Report) -> Vec<String> {
    let sources = &report.sources;
    let mut problems = Vec::new();
    if sources.damaged > 0 {
        let files = counted(sources.damaged, "file");
        problems.push(format!("{files} of {} could not be read completely: see Sources.", sources.files));
    }
    problems
}

fn made(report: &Report, origin: &Origin, shown: usize) -> Vec<(&'static str, String)> {
    let sources = &report.sources;
    let count = |number: u64| text::count(i64::try_from(number).unwrap_or(i64::MAX));
    let lines = line_counts(sources.lines, sources.rows, sources.rejects, sources.blanks);
    let mut files = format!(
        "{} files, {}",
        count(sources.files),
        text::bytes(i64::try_from(sources.size).unwrap_or(i64::MAX))
    );
    if sources.damaged > 0 {
        files += &format!("; {} not read completely", count(sources.damaged));
    }
    let digest = match &sources.digest {
        Some(digest) => format!(
            "{digest} (SHA-256 of the sorted list of the {} files’ SHA-256, one per line)",
            count(sources.hashed)
        ),
        None => "unknown: log files were read directly; an ingest records the SHA-256 of each".to_owned(),
    };
    let mut made = vec![("Source files", files), ("Log lines", lines), ("Source hash", digest)];
    if origin.since.is_some() || origin.until.is_some() {
        let from = origin.since.map_or_else(|| "the beginning".to_owned(), |time| text::moment(&time));
        let to = origin.until.map_or_else(|| "the end".to_owned(), |time| text::moment(&time));
        made.push(("Time range", format!("requests from {from} until before {to} (UTC)")));
    }
    if !origin.packs.is_empty() {
        made.push(("Detections", format!("only {}", origin.packs.join(", "))));
    }
    made.extend(origin.case.iter().map(|(label, text)| (*label, text::cut(text, shown.max(200) * 2))));
    made.push((
        "Generated",
        format!(
            "{}, by saltmine {}",
            origin.made.replace('T', " ").replace('Z', " UTC"),
            env!("CARGO_PKG_VERSION")
        ),
    ));
    made.push(("Command", text::cut(&origin.command, shown.max(200) * 4)));
    made.push((
        "Reproduce",
        format!("saltmine query {} 'SQL' -p NAME=VALUE", text::cut(&origin.input, shown.max(200) * 2)),
    ));
    made
}
