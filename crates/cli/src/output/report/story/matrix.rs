//! A matrix of principals and their actions.

use std::collections::HashMap;

use saltmine_query::incidents::short_name;
use saltmine_query::report::{Answer, Value};

use super::StoryContext;
use crate::output::report::table::Kind::{Count, Text, Who};
use crate::output::report::table::{Cell, Spec, Table, cell, number, words};
use crate::output::report::{mark, text};

/// Actions: their name in the answer and their heading.
const ACTIONS: [(&str, &str); 7] = [
    ("listed", "Listed"),
    ("settings_read", "Settings read"),
    ("read", "Read"),
    ("written", "Written"),
    ("deleted", "Deleted"),
    ("settings_changed", "Settings changed"),
    ("refused", "Refused"),
];

/// A row: an actor of an incident or finding, or another principal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Actor(i64, i64),
    Other(String),
}

pub(super) fn matrix(story: &StoryContext<'_>) -> Table {
    let mut specs: Vec<Spec> = vec![("", "Incident", Text, "–"), ("", "Principal", Who, "–")];
    specs.extend(ACTIONS.iter().map(|(_, heading)| -> Spec { ("", heading, Count, "–") }));
    let Some(answer) = story.report.story.answer("story-matrix") else {
        return Table::new(&specs, Vec::new());
    };
    let mut order: Vec<Key> = Vec::new();
    let mut rows: HashMap<Key, HashMap<&str, &Vec<Value>>> = HashMap::new();
    for row in &answer.rows {
        let key = match answer.value(row, "incident") {
            // A finding outside of incidents has a single actor.
            Value::Integer(incident) => {
                let has_one = story.subject(*incident).is_some_and(|subject| {
                    subject.actors().first().is_some_and(|actor| actor.index.is_none())
                });
                Key::Actor(*incident, if has_one { 0 } else { answer.integer(row, "actor") })
            }
            _ => Key::Other(answer.value(row, "principal").text().unwrap_or_default().to_owned()),
        };
        if !rows.contains_key(&key) {
            order.push(key.clone());
        }
        let what = answer.value(row, "what").text().unwrap_or_default();
        rows.entry(key).or_default().entry(what).or_insert(row);
    }
    let cells = order.iter().filter_map(|key| Some((key, rows.get(key)?)));
    Table::new(&specs, cells.map(|(key, did)| cells_of(story, answer, key, did)).collect())
}

fn cells_of(
    story: &StoryContext<'_>,
    answer: &Answer,
    key: &Key,
    did: &HashMap<&str, &Vec<Value>>,
) -> Vec<Cell> {
    let mut cells = match key {
        Key::Actor(incident, actor) => {
            let subject = story.subject(*incident);
            let actor = subject.and_then(|subject| subject.actor(*actor));
            let number = subject.map_or_else(String::new, |subject| subject.number().to_string());
            let from = actor.as_ref().map(|actor| actor.from.as_str()).filter(|from| !from.is_empty());
            let name = actor.as_ref().map_or("", |actor| actor.name);
            let name = from.map_or_else(|| name.to_owned(), |from| format!("{name} from {from}"));
            let who = Cell {
                mark: actor.map(|actor| mark::principal(actor.principal, story.shown)),
                ..words(Some(&name), Who, "–", 60)
            };
            let sort = Some(number.clone());
            vec![Cell { sort, ..words(Some(&number), Text, "–", 0) }, who]
        }
        Key::Other(principal) => {
            let who = Cell {
                mark: Some(mark::principal(principal, story.shown)),
                ..words(Some(&short_name(Some(principal))), Who, "–", 60)
            };
            vec![Cell { sort: Some("9999".to_owned()), ..words(None, Text, "–", 0) }, who]
        }
    };
    cells.extend(ACTIONS.iter().map(|(what, _)| match did.get(what) {
        Some(row) => measure(answer, row, what),
        None => cell(&Value::Null, Count, "–", 0),
    }));
    cells
}

/// Requests, and bytes if data was transferred.
fn measure(answer: &Answer, row: &[Value], what: &str) -> Cell {
    let (requests, size) = (answer.integer(row, "requests"), answer.integer(row, "bytes"));
    let mut cell = number(requests, Count);
    if size > 0 && matches!(what, "read" | "written" | "deleted") {
        cell.pieces.push(format!(" ({})", text::bytes(size)));
    }
    if answer.integer(row, "is_new") == 1 {
        cell.class = "num fresh";
        cell.exact = Some("New: not done by this principal on any earlier day".to_owned());
    }
    cell
}
