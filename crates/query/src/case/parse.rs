//! Parses the keys of a case file and checks their values.

use std::ops::Range;

use ipnet::IpNet;
use toml::de::{DeTable, DeValue};

use super::fields::{Fields, Problems, described};
use super::{CaseError, CaseFile, CaseProblem, IncidentWindow, KnownWork, Note, ParameterValue};
use crate::catalogue::{Catalogue, Query};
use crate::functions::address::parse_network;
use crate::local_time::{WorkHours, Zone, parse_time};
use crate::nearest::nearest;
use crate::quantity::counted;
use crate::time::Time;

/// Keys of the file.
const KEYS: [&str; 12] = [
    "title",
    "examiner",
    "timezone",
    "work_hours",
    "input",
    "own_accounts",
    "own_networks",
    "own_buckets",
    "incident",
    "known_work",
    "parameters",
    "notes",
];
const KEYS_OF_INCIDENT: [&str; 2] = ["since", "until"];
const KEYS_OF_KNOWN_WORK: [&str; 5] = ["query", "principal", "network", "bucket", "why"];
const KEYS_OF_NOTE: [&str; 3] = ["incident", "principal", "text"];

/// Maximum characters of a name, a reason and a note.
const MAX_NAME: usize = 300;
const MAX_REASON: usize = 500;
const MAX_NOTE: usize = 4000;
/// Maximum number of entries of known work; every row of a hunt is compared with each.
const MAX_ENTRIES: usize = 500;
/// Maximum number of problems to list.
const MAX_PROBLEMS: usize = 20;

impl CaseFile {
    /// Parses the text of a case file. `file` is its name in messages.
    ///
    /// # Errors
    /// All problems, each with its line and what is expected.
    pub fn parse(file: &str, text: &str, catalogue: &Catalogue) -> Result<Self, CaseError> {
        let mut problems = Problems::new(text);
        let case = match DeTable::parse(text) {
            Ok(table) => read(table.get_ref(), catalogue, &mut problems),
            Err(error) => {
                // Without an excerpt of the file, which may be confidential.
                problems.add(error.span().unwrap_or(0..0), format!("not TOML: {}", error.message()));
                Self::default()
            }
        };
        let mut found = problems.found;
        if found.is_empty() {
            return Ok(case);
        }
        found.sort();
        let more = found.len().saturating_sub(MAX_PROBLEMS);
        found.truncate(MAX_PROBLEMS);
        if more > 0 {
            found.push(CaseProblem { line: 0, text: format!("+ {}", counted(more as u64, "more problem")) });
        }
        Err(CaseError { file: file.to_owned(), problems: found })
    }
}

fn read(table: &DeTable<'_>, catalogue: &Catalogue, problems: &mut Problems<'_>) -> CaseFile {
    let top = Fields { name: "", table };
    top.only(&KEYS, problems);
    let name = |key: &str, problems: &mut Problems<'_>| {
        top.text(key, MAX_NAME, problems).map(|(text, _)| text.to_owned())
    };
    CaseFile {
        title: name("title", problems),
        examiner: name("examiner", problems),
        timezone: value(top, "timezone", Zone::parse, problems),
        work_hours: value(top, "work_hours", WorkHours::parse, problems),
        input: name("input", problems),
        own_accounts: values(top, "own_accounts", account, problems),
        own_networks: values(top, "own_networks", network, problems),
        own_buckets: values(top, "own_buckets", |text| Ok(text.to_owned()), problems),
        incident: incident(top, problems),
        known_work: known_work(top, catalogue, problems),
        parameters: parameters(top, catalogue, problems),
        notes: notes(top, problems),
    }
}

/// A text that is parsed.
fn value<T>(
    fields: Fields<'_, '_>,
    key: &str,
    parse: impl Fn(&str) -> Result<T, String>,
    problems: &mut Problems<'_>,
) -> Option<T> {
    let (text, at) = fields.text(key, MAX_NAME, problems)?;
    parse(text).map_err(|problem| problems.add(at, format!("{}: {problem}", fields.path(key)))).ok()
}

/// A list of texts that are parsed.
fn values<T>(
    fields: Fields<'_, '_>,
    key: &str,
    parse: impl Fn(&str) -> Result<T, String>,
    problems: &mut Problems<'_>,
) -> Vec<T> {
    let mut values = Vec::new();
    for (text, at) in fields.texts(key, MAX_NAME, problems) {
        match parse(text) {
            Ok(value) => values.push(value),
            Err(problem) => problems.add(at, format!("{}: {problem}", fields.path(key))),
        }
    }
    values
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is not an account id; expected 12 digits in quotes, such as \"111122223333\""))
}

fn network(text: &str) -> Result<IpNet, String> {
    parse_network(text).ok_or_else(|| {
        format!(
            "{text:?} is not a network; expected an address or a network such as \"203.0.113.0/24\" or \"2001:db8::/32\""
        )
    })
}

fn incident(top: Fields<'_, '_>, problems: &mut Problems<'_>) -> IncidentWindow {
    let Some(table) = top.table("incident", problems) else { return IncidentWindow::default() };
    let fields = Fields { name: "incident", table };
    fields.only(&KEYS_OF_INCIDENT, problems);
    let (since, until) = (time(fields, "since", problems), time(fields, "until", problems));
    if let (Some((since, _)), Some((until, at))) = (&since, &until)
        && until <= since
    {
        problems.add(at.clone(), format!("incident.until {until} is not after incident.since {since}"));
    }
    IncidentWindow { since: since.map(|(time, _)| time), until: until.map(|(time, _)| time) }
}

/// A TOML time, or a time as text.
fn time(fields: Fields<'_, '_>, key: &str, problems: &mut Problems<'_>) -> Option<(Time, Range<usize>)> {
    let value = fields.get(key)?;
    let text = match value.get_ref() {
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    };
    let time = text.as_deref().and_then(parse_time);
    if time.is_none() {
        let found = text.map_or_else(|| described(value.get_ref()).to_owned(), |text| format!("{text:?}"));
        problems.add(
            value.span(),
            format!(
                "{}: expected a time such as 2026-03-05T14:00:00Z or 2026-03-05, found {found}",
                fields.path(key)
            ),
        );
    }
    Some((time?, value.span()))
}

fn known_work(top: Fields<'_, '_>, catalogue: &Catalogue, problems: &mut Problems<'_>) -> Vec<KnownWork> {
    let tables = top.tables("known_work", problems);
    if let Some((_, at)) = tables.get(MAX_ENTRIES) {
        problems.add(at.clone(), format!("known_work has more than {MAX_ENTRIES} entries"));
    }
    let entries = tables.iter().take(MAX_ENTRIES).zip(1..);
    entries
        .map(|((table, at), number)| {
            let name = format!("known_work {number}");
            let fields = Fields { name: &name, table };
            fields.only(&KEYS_OF_KNOWN_WORK, problems);
            let text = |key: &str, problems: &mut Problems<'_>| {
                fields.text(key, MAX_NAME, problems).map(|(text, _)| text.to_owned())
            };
            let entry = KnownWork {
                query: query(fields, "query", catalogue, problems).map(|query| query.name.clone()),
                principal: text("principal", problems),
                network: value(fields, "network", network, problems),
                bucket: text("bucket", problems),
                why: fields.text("why", MAX_REASON, problems).map(|(text, _)| text.to_owned()).unwrap_or_default(),
            };
            if fields.get("why").is_none() {
                problems.add(at.clone(), format!("{name}: why is missing; expected a reason"));
            }
            let narrows = |pattern: &Option<String>| {
                pattern.as_ref().is_some_and(|pattern| pattern.chars().any(|c| !matches!(c, '*' | '?')))
            };
            if !narrows(&entry.principal) && !narrows(&entry.bucket) && entry.network.is_none() {
                problems.add(
                    at.clone(),
                    format!("{name}: expected a principal, a network or a bucket; an entry without them would accept everything"),
                );
            }
            entry
        })
        .collect()
}

/// A query of the catalogue.
fn query<'c>(
    fields: Fields<'_, '_>,
    key: &str,
    catalogue: &'c Catalogue,
    problems: &mut Problems<'_>,
) -> Option<&'c Query> {
    let (name, at) = fields.text(key, MAX_NAME, problems)?;
    catalogue.get(name).map_err(|error| problems.add(at, format!("{}: {error}", fields.path(key)))).ok()
}

fn parameters(
    top: Fields<'_, '_>,
    catalogue: &Catalogue,
    problems: &mut Problems<'_>,
) -> Vec<ParameterValue> {
    let mut values = Vec::new();
    let Some(queries) = top.table("parameters", problems) else { return values };
    for (key, table) in queries.iter() {
        let query = match catalogue.get(key.get_ref()) {
            Ok(query) => query,
            Err(error) => {
                problems.add(key.span(), format!("[parameters.{}]: {error}", key.get_ref()));
                continue;
            }
        };
        let Some(table) = table.get_ref().as_table() else {
            let found = described(table.get_ref());
            problems.add(
                key.span(),
                format!("parameters.{}: expected NAME = VALUE pairs, found {found}", query.name),
            );
            continue;
        };
        for (name, value) in table.iter() {
            match parameter(query, name.get_ref(), value.get_ref()) {
                Ok(value) => values.push(ParameterValue {
                    query: query.name.clone(),
                    name: name.get_ref().to_string(),
                    value,
                }),
                Err(problem) => problems.add(name.span(), format!("[parameters.{}]: {problem}", query.name)),
            }
        }
    }
    values
}

/// The value of a parameter as text.
fn parameter(query: &Query, name: &str, value: &DeValue<'_>) -> Result<String, String> {
    let known = query.parameters.iter();
    let Some(parameter) = known.clone().find(|known| known.name == name) else {
        let names: Vec<&str> = known.map(|known| known.name.as_str()).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None if names.is_empty() => "it has none".to_owned(),
            None => format!("expected {}", names.join(", ")),
        };
        return Err(format!("{} has no parameter {name:?}; {hint}", query.name));
    };
    let text = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        other => return Err(format!("{name}: expected {}, found {}", parameter.kind, described(other))),
    };
    parameter.kind.parse(&text).map(|_| text).map_err(|problem| format!("{name}: {problem}"))
}

fn notes(top: Fields<'_, '_>, problems: &mut Problems<'_>) -> Vec<Note> {
    let tables = top.tables("notes", problems);
    let mut notes = Vec::new();
    for ((table, at), number) in tables.into_iter().take(MAX_ENTRIES).zip(1..) {
        let name = format!("notes {number}");
        let fields = Fields { name: &name, table };
        fields.only(&KEYS_OF_NOTE, problems);
        let incident = fields.get("incident").and_then(|value| {
            let number = match value.get_ref() {
                DeValue::Integer(number) => number.as_str().parse().ok().filter(|number| *number > 0),
                _ => None,
            };
            if number.is_none() {
                let expected = "expected the number of an incident, as saltmine hunt shows it";
                problems.add(value.span(), format!("{}: {expected}", fields.path("incident")));
            }
            number
        });
        let principal = fields.text("principal", MAX_NAME, problems).map(|(text, _)| text.to_owned());
        let text = fields.text("text", MAX_NOTE, problems).map(|(text, _)| text.to_owned());
        if fields.get("incident").is_none() && fields.get("principal").is_none() {
            problems.add(at.clone(), format!("{name}: expected the number of an incident, or a principal"));
        }
        if fields.get("text").is_none() {
            problems.add(at, format!("{name}: text is missing; expected the note"));
        }
        notes.extend(text.map(|text| Note { incident, principal, text }));
    }
    notes
}
