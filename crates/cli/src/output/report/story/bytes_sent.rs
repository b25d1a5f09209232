//! Bytes sent per principal over time: small multiples with a baseline, and a table of the numbers.

use std::collections::{BTreeMap, HashMap, HashSet};

use askama::Template;
use saltmine_query::incidents::short_name;
use saltmine_query::report::Value;

use super::StoryContext;
use super::lanes::by_slot;
use super::scale::{Scale, Tick, bars};
use crate::output::report::mark;
use crate::output::report::table::Kind::{Bytes, Who};
use crate::output::report::table::{Cell, Spec, Table, cell, number, words};
use crate::output::report::{figures, text};

/// Maximum number of principals.
const MAX_PRINCIPALS: usize = 16;

#[derive(Template)]
#[template(path = "story/sent.html")]
pub(super) struct Multiples {
    ticks: Vec<Tick>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    mark: String,
    /// SVG paths: bytes outside of incidents, and in incidents.
    usual: String,
    unusual: String,
    /// Height of the baseline band, in percent.
    band: String,
    above: String,
    text: String,
}

/// The bytes sent to one principal.
#[derive(Clone)]
struct Sent {
    principal: String,
    all: Vec<i64>,
    of_incidents: Vec<i64>,
    /// The maximum of a time slot: outside of incidents, and overall.
    usual: i64,
    most: i64,
}

const SPECS: [Spec; 5] = [
    ("", "Principal", Who, "(anonymous)"),
    ("", "Bytes sent", Bytes, "–"),
    ("", "In incidents", Bytes, "–"),
    ("", "Usual at most per interval", Bytes, "–"),
    ("", "Most in one interval", Bytes, "–"),
];

/// The caption of the figure.
pub(super) fn note(story: &StoryContext<'_>) -> String {
    format!(
        "Each bar is {}; each row has its own scale. Coloured: in incidents and findings. The band ends at the most in \
         one interval outside of them. The principals of incidents, and the six that read the most.",
        figures::width(story.report.story.width)
    )
}

pub(super) fn sent(story: &StoryContext<'_>) -> (Multiples, Table) {
    let sent = all(story);
    let rows = sent.iter().map(|sent| row(sent, story.shown)).collect();
    let cells = |sent: &Sent| -> Vec<Cell> {
        let sum = |values: &[i64]| values.iter().fold(0_i64, |sum, value| sum.saturating_add(*value));
        vec![
            words(Some(&sent.principal), Who, "–", story.shown),
            number(sum(&sent.all), Bytes),
            number(sum(&sent.of_incidents), Bytes),
            if sent.usual > 0 { number(sent.usual, Bytes) } else { cell(&Value::Null, Bytes, "–", 0) },
            number(sent.most, Bytes),
        ]
    };
    let table = Table::new(&SPECS, sent.iter().map(cells).collect());
    (Multiples { ticks: Scale::new(&story.report.story).ticks(), rows }, table)
}

/// The principals of incidents first, in order; then those with the most bytes.
fn all(story: &StoryContext<'_>) -> Vec<Sent> {
    let Some(answer) = story.report.story.answer("story-bytes") else { return Vec::new() };
    let all = by_slot(story, answer, "all", "bytes_sent");
    let of_incidents = by_slot(story, answer, "incident", "bytes_sent");
    let order: BTreeMap<usize, &str> = story
        .subjects
        .iter()
        .flat_map(super::Subject::actors)
        .enumerate()
        .map(|(place, actor)| (place, actor.principal))
        .collect();
    let mut seen = HashSet::new();
    let mut principals: Vec<&str> = order.into_values().filter(|one| seen.insert(*one)).collect();
    let mut others: Vec<&String> = all.keys().filter(|one| !seen.contains(one.as_str())).collect();
    let sum = |one: &str| all.get(one).map_or(0, |values| values.iter().sum::<i64>());
    others.sort_by_key(|one| (std::cmp::Reverse(sum(one)), (*one).clone()));
    principals.extend(others.into_iter().map(String::as_str));
    let sent = principals.into_iter().filter_map(|one| sent_to(one, &all, &of_incidents));
    sent.take(MAX_PRINCIPALS).collect()
}

/// `None` if nothing was sent.
fn sent_to(
    principal: &str,
    all: &HashMap<String, Vec<i64>>,
    of_incidents: &HashMap<String, Vec<i64>>,
) -> Option<Sent> {
    let all = all.get(principal)?;
    let most = all.iter().copied().max().filter(|most| *most > 0)?;
    let none = vec![0; all.len()];
    let of_incidents = of_incidents.get(principal).unwrap_or(&none).clone();
    let outside = all.iter().zip(&of_incidents).map(|(all, unusual)| all.saturating_sub(*unusual));
    let usual = outside.max().unwrap_or(0).max(0);
    Some(Sent { principal: principal.to_owned(), all: all.clone(), of_incidents, usual, most })
}

fn row(sent: &Sent, shown: usize) -> Row {
    let (count, most) = (sent.all.len().max(1) as f64, sent.most.max(1) as f64);
    let path = |values: &[i64]| {
        bars(values.iter().enumerate().map(|(slot, value)| {
            (slot as f64 / count, (slot + 1) as f64 / count, (*value).max(0) as f64 / most)
        }))
    };
    let share = (sent.usual as f64 / most).clamp(0.0, 1.0) * 100.0;
    let usual = if sent.usual > 0 { text::bytes(sent.usual) } else { "nothing".to_owned() };
    Row {
        name: text::cut(&short_name(Some(&sent.principal)), 60),
        mark: mark::principal(&sent.principal, shown),
        usual: path(&sent.all),
        unusual: path(&sent.of_incidents),
        band: format!("{share:.1}%"),
        above: format!("{:.1}%", 100.0 - share),
        text: format!("at most {}, usually {usual}", text::bytes(sent.most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_band_excludes_incidents() {
        let all = HashMap::from([("ann".to_owned(), vec![5, 9, 1000]), ("ben".to_owned(), vec![0, 0, 0])]);
        let of_incidents = HashMap::from([("ann".to_owned(), vec![0, 2, 1000])]);
        let ann = sent_to("ann", &all, &of_incidents).map(|sent| (sent.usual, sent.most));
        assert_eq!(ann, Some((7, 1000)));
        assert!(
            sent_to("ben", &all, &of_incidents).is_none() && sent_to("eve", &all, &of_incidents).is_none()
        );
    }
}
