//! Reads values from TOML tables and collects the problems found.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::CaseProblem;
use crate::nearest::nearest;

/// The problems found so far.
pub(super) struct Problems<'a> {
    text: &'a str,
    pub(super) found: Vec<CaseProblem>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// Adds a problem at a position in the text.
    pub(super) fn add(&mut self, at: Range<usize>, text: String) {
        let before = &self.text.as_bytes()[..at.start.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        self.found.push(CaseProblem { line, text });
    }
}

/// A table and its name in messages; the top-level table has an empty name.
#[derive(Clone, Copy)]
pub(super) struct Fields<'t, 'i> {
    pub(super) name: &'t str,
    pub(super) table: &'t DeTable<'i>,
}

/// A value and its position.
pub(super) type Found<'t, 'i> = &'t Spanned<DeValue<'i>>;

impl<'t, 'i> Fields<'t, 'i> {
    /// Reports unknown keys.
    pub(super) fn only(self, known: &[&str], problems: &mut Problems<'_>) {
        for (key, _) in self.table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let name: &str = key.get_ref();
            let expected = match nearest(name, known.iter().copied()) {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => format!("expected {}", known.join(", ")),
            };
            problems.add(key.span(), format!("unknown key {:?}; {expected}", self.path(name)));
        }
    }

    /// The name of a key in messages.
    pub(super) fn path(self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    pub(super) fn get(self, key: &str) -> Option<Found<'t, 'i>> {
        self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    /// A non-empty text of at most `most` characters.
    pub(super) fn text(
        self,
        key: &str,
        most: usize,
        problems: &mut Problems<'_>,
    ) -> Option<(&'t str, Range<usize>)> {
        let value = self.get(key)?;
        let text = text(value, &self.path(key), most, problems)?;
        Some((text, value.span()))
    }

    /// A list of texts.
    pub(super) fn texts(
        self,
        key: &str,
        most: usize,
        problems: &mut Problems<'_>,
    ) -> Vec<(&'t str, Range<usize>)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            let found = described(value.get_ref());
            problems.add(
                value.span(),
                format!("{}: expected a list such as [\"…\", \"…\"], found {found}", self.path(key)),
            );
            return Vec::new();
        };
        let name = self.path(key);
        list.iter().filter_map(|item| Some((text(item, &name, most, problems)?, item.span()))).collect()
    }

    /// A table.
    pub(super) fn table(self, key: &str, problems: &mut Problems<'_>) -> Option<&'t DeTable<'i>> {
        let value = self.get(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            let found = described(value.get_ref());
            problems
                .add(value.span(), format!("{}: expected a table [{key}], found {found}", self.path(key)));
        }
        table
    }

    /// The tables of a list, with their positions.
    pub(super) fn tables(
        self,
        key: &str,
        problems: &mut Problems<'_>,
    ) -> Vec<(&'t DeTable<'i>, Range<usize>)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let wrong = |found: &DeValue<'_>| {
            format!("{}: expected tables [[{key}]], found {}", self.path(key), described(found))
        };
        let Some(list) = value.get_ref().as_array() else {
            problems.add(value.span(), wrong(value.get_ref()));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_table() {
                Some(table) => tables.push((table, item.span())),
                None => problems.add(item.span(), wrong(item.get_ref())),
            }
        }
        tables
    }
}

fn text<'t>(
    value: &'t Spanned<DeValue<'_>>,
    name: &str,
    most: usize,
    problems: &mut Problems<'_>,
) -> Option<&'t str> {
    let Some(text) = value.get_ref().as_str() else {
        let found = described(value.get_ref());
        problems.add(value.span(), format!("{name}: expected text in quotes, found {found}"));
        return None;
    };
    let problem = if text.trim().is_empty() {
        "is empty; remove the key or enter a text".to_owned()
    } else if text.chars().count() > most {
        format!("has more than {most} characters")
    } else {
        return Some(text);
    };
    problems.add(value.span(), format!("{name}: {problem}"));
    None
}

/// The type of a value, for messages.
pub(super) fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
