//! Objects taken, destroyed and changed: totals per prefix, and lists.

use std::collections::HashSet;

use askama::Template;
use saltmine_query::quantity::counted;
use saltmine_query::report::{Answer, Value};

use super::{StoryContext, figure, rendered};
use crate::error::CliError;
use crate::output::report::figures::{Body, Figure, setting_change};
use crate::output::report::table::Kind::{Bytes, Code, Count, Ip, Text, Time, Who};
use crate::output::report::table::{Cell, Spec, Table, cell, words};
use crate::output::report::text;

/// Maximum number of prefixes in a picture.
const PREFIXES: usize = 12;

const TAKEN: [Spec; 10] = [
    ("bucket", "Bucket", Code, "–"),
    ("object_key", "Key (decoded)", Code, "–"),
    ("bytes", "Bytes read", Bytes, "–"),
    ("object_size", "Object size", Bytes, "–"),
    ("extent", "Extent", Text, "–"),
    ("reads", "Reads", Count, "–"),
    ("first_seen", "First read (UTC)", Time, "–"),
    ("requester", "Requester", Who, "(anonymous)"),
    ("remote_ip", "Source IP", Ip, "–"),
    ("copied_to_bucket", "Copied to", Code, "–"),
];
const DESTROYED: [Spec; 9] = [
    ("bucket", "Bucket", Code, "–"),
    ("object_key", "Key (decoded)", Code, "–"),
    ("what", "What", Text, "–"),
    ("versions", "Versions", Count, "–"),
    ("object_size", "Object size", Bytes, "–"),
    ("first_seen", "When (UTC)", Time, "–"),
    ("written_before", "Last written before (UTC)", Time, "–"),
    ("requester", "Requester", Who, "(anonymous)"),
    ("remote_ip", "Source IP", Ip, "–"),
];
const CHANGED: [Spec; 6] = [
    ("request_time", "Time (UTC)", Time, "–"),
    ("operation", "What", Text, "–"),
    ("bucket", "Bucket", Code, "–"),
    ("requester", "Requester", Who, "(anonymous)"),
    ("remote_ip", "Source IP", Ip, "–"),
    ("log_file", "Line (file:line)", Code, "–"),
];
const INCIDENT: Spec = ("incident", "Incident", Text, "–");

#[derive(Template)]
#[template(path = "story/prefixes.html")]
struct Prefixes {
    rows: Vec<Prefix>,
    left_out: usize,
}

struct Prefix {
    class: &'static str,
    name: String,
    number: usize,
    width: String,
    text: String,
}

/// The totals of a row: objects and bytes of an incident.
pub(super) struct Sum<'a> {
    pub(super) incident: i64,
    pub(super) bucket: &'a str,
    /// The kind of loss; empty for objects that were read.
    pub(super) what: &'a str,
    pub(super) objects: i64,
    pub(super) bytes: i64,
}

/// The totals per prefix in an answer.
pub(super) fn sums<'a>(story: &'a StoryContext<'_>, name: &str) -> Vec<Sum<'a>> {
    let Some(answer) = story.report.story.answer(name) else { return Vec::new() };
    let text = |row: &'a [Value], column| answer.value(row, column).text().unwrap_or_default();
    let sum = |row: &'a Vec<Value>| Sum {
        incident: answer.integer(row, "incident"),
        bucket: text(row, "bucket"),
        what: text(row, "what"),
        objects: answer.integer(row, if name == "story-taken" { "reads" } else { "requests" }),
        bytes: answer.integer(row, if name == "story-taken" { "bytes" } else { "object_size" }),
    };
    answer.part("prefix").map(sum).collect()
}

/// The incidents that overwrote objects.
pub(super) fn overwritten(story: &StoryContext<'_>) -> HashSet<usize> {
    let sums = sums(story, "story-destroyed");
    let over = sums.iter().filter(|sum| sum.what == "overwritten");
    over.filter_map(|sum| usize::try_from(sum.incident).ok()).collect()
}

/// The lists.
pub(super) fn figures(story: &StoryContext<'_>) -> Result<Vec<Figure>, CliError> {
    let mut figures = Vec::new();
    let lists = [
        ("story-taken", ("taken", "What was read, or copied elsewhere"), "taken", &TAKEN[..]),
        (
            "story-destroyed",
            ("destroyed", "What was deleted, expired or overwritten"),
            "destroyed",
            &DESTROYED[..],
        ),
    ];
    for (name, title, word, specs) in lists {
        let Some(answer) = story.report.story.answer(name).filter(|answer| !answer.rows.is_empty()) else {
            continue;
        };
        let rows: Vec<_> = answer.part("object").collect();
        let all: i64 = sums(story, name).iter().map(|sum| sum.objects).sum();
        let note = note(word, rows.len(), all, "object");
        // Most data is not copied out.
        let has = |name: &str| rows.iter().any(|row| *answer.value(row, name) != Value::Null);
        let specs: Vec<Spec> =
            specs.iter().filter(|(name, ..)| *name != "copied_to_bucket" || has(name)).copied().collect();
        let table = table_of(story, answer, rows.into_iter(), &specs);
        let body = Body::Picture(rendered(&prefixes(story, answer, name))?, Some(table));
        figures.extend(figure(story, title, &note, name, body));
    }
    if let Some(answer) = story.report.story.answer("story-changed").filter(|answer| !answer.rows.is_empty())
    {
        let mut all: Vec<(i64, i64)> = answer
            .rows
            .iter()
            .map(|row| (answer.integer(row, "incident"), answer.integer(row, "of_all")))
            .collect();
        all.sort_unstable();
        all.dedup();
        let all = all.iter().map(|(_, count)| count).sum();
        let note = note("changed", answer.rows.len(), all, "setting");
        let table = table_of(story, answer, answer.rows.iter(), &CHANGED);
        figures.extend(figure(
            story,
            ("changed", "Settings that were changed"),
            &note,
            "story-changed",
            Body::Table(table),
        ));
    }
    Ok(figures)
}

fn note(word: &str, listed: usize, all: i64, noun: &str) -> String {
    let all = u64::try_from(all).unwrap_or(0);
    let command = format!("saltmine export … --incident N --what {word}");
    if all > listed as u64 {
        let listed = text::count(i64::try_from(listed).unwrap_or(i64::MAX));
        format!("{}; {listed} are listed here. All of them, whole: {command}", counted(all, noun))
    } else {
        format!("{}. With every column: {command}", counted(all, noun))
    }
}

fn table_of<'a>(
    story: &StoryContext<'_>,
    answer: &'a Answer,
    rows: impl Iterator<Item = &'a Vec<Value>>,
    specs: &[Spec],
) -> Table {
    let row = |row: &'a Vec<Value>| -> Vec<Cell> {
        let number = story.subject(answer.integer(row, "incident")).map_or(0, |subject| subject.number());
        let mut cells =
            vec![Cell { sort: Some(number.to_string()), ..words(Some(&number.to_string()), Text, "–", 0) }];
        cells.extend(specs.iter().map(|(name, _, kind, null)| match *name {
            "operation" => words(
                Some(&setting_change(answer.value(row, name).text().unwrap_or_default())),
                Text,
                null,
                story.shown,
            ),
            "log_file" => {
                let file = answer.value(row, name).text().unwrap_or_default();
                words(Some(&format!("{file}:{}", answer.integer(row, "log_line"))), Code, null, story.shown)
            }
            name => cell(answer.value(row, name), *kind, null, story.shown),
        }));
        cells
    };
    let with_number: Vec<Spec> = std::iter::once(INCIDENT).chain(specs.iter().copied()).collect();
    Table::new(&with_number, rows.map(row).collect())
}

/// The largest prefixes, by bytes if any are known, otherwise by objects.
fn prefixes(story: &StoryContext<'_>, answer: &Answer, name: &str) -> Prefixes {
    let mut rows: Vec<(&Vec<Value>, Sum<'_>)> = answer.part("prefix").zip(sums(story, name)).collect();
    let has_bytes = rows.iter().any(|(_, sum)| sum.bytes > 0);
    let amount = |sum: &Sum<'_>| if has_bytes { sum.bytes } else { sum.objects };
    rows.sort_by_key(|(_, sum)| std::cmp::Reverse((amount(sum), sum.objects)));
    let most = rows.iter().map(|(_, sum)| amount(sum)).max().unwrap_or(0).max(1);
    let prefix = |(row, sum): &(&Vec<Value>, Sum<'_>)| {
        let size = if sum.bytes > 0 { format!(", {}", text::bytes(sum.bytes)) } else { String::new() };
        let what = if sum.what.is_empty() { String::new() } else { format!(" {}", sum.what) };
        let objects = counted(u64::try_from(sum.objects).unwrap_or(0), "object");
        let key = answer.value(row, "object_key").text().unwrap_or("(no prefix)");
        Prefix {
            class: if name == "story-taken" { "exfiltration" } else { "destruction" },
            name: text::cut(&format!("{} {key}", sum.bucket), 90),
            number: story.subject(sum.incident).map_or(0, |subject| subject.number()),
            width: format!("{:.1}%", (amount(sum) as f64 / most as f64 * 100.0).clamp(0.5, 100.0)),
            text: format!("{objects}{what}{size}"),
        }
    };
    Prefixes {
        rows: rows.iter().take(PREFIXES).map(prefix).collect(),
        left_out: rows.len().saturating_sub(PREFIXES),
    }
}
