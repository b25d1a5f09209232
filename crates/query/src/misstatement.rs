//! Where SQL is wrong: the message, the line, and a mark below what is meant.

use std::fmt;

use datafusion::common::Location;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;

use crate::catalogue::nearest;
use crate::error::{QueryError, describe};

/// Characters of a line that are shown.
const SHOWN: usize = 100;
/// Of these, before what is wrong.
const BEFORE: usize = 60;

/// SQL that is wrong.
#[derive(Debug)]
pub struct Misstatement {
    /// What is wrong.
    pub message: String,
    /// Line in the SQL, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
    /// The line, cut where it is long.
    excerpt: String,
    /// Where the mark begins below the excerpt, and how long it is, in characters.
    mark: (usize, usize),
}

impl fmt::Display for Misstatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, length) = self.mark;
        writeln!(f, "line {}, column {}: {}", self.line, self.column, self.message)?;
        write!(f, "  {}\n  {:start$}{:^<length$}", self.excerpt, "", "")
    }
}

/// An error of planning, with its place in the SQL and the name that was perhaps meant.
pub(crate) fn locate(error: DataFusionError, sql: &str, context: &SessionContext) -> QueryError {
    let mut message = describe(&error);
    if let Some(name) = missing_table(&message) {
        let known = crate::session::table_names(context);
        message = match nearest(&name, known.iter().map(String::as_str)) {
            Some(nearest) => format!("there is no table {name}; did you mean {nearest}?"),
            None => format!("there is no table {name}; there are {}", known.join(", ")),
        };
    }
    let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
    let place = match span {
        Some(span) => Some((span.start, (span.end.line == span.start.line).then_some(span.end.column))),
        None => place_in(&mut message).map(|start| (start, None)),
    };
    let found = place.and_then(|(start, end)| misstatement(&message, sql, start, end));
    found.map_or(QueryError::Sql(error), |found| QueryError::Statement(Box::new(found)))
}

/// The name in DataFusion's words for a table that is not there, without catalog and schema where they are the usual.
fn missing_table(message: &str) -> Option<String> {
    let name = message.strip_prefix("table '")?.split_once('\'')?.0;
    message.ends_with("not found").then(|| name.trim_start_matches("datafusion.public.").to_owned())
}

/// Takes the parser's words for a place off a message.
fn place_in(message: &mut String) -> Option<Location> {
    let at = message.find(" at Line: ")?;
    let mut numbers = message[at..].split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let (line, column) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    message.truncate(at);
    Some(Location { line, column })
}

fn misstatement(message: &str, sql: &str, start: Location, end: Option<u64>) -> Option<Misstatement> {
    let (line, column) = (usize::try_from(start.line).ok()?, usize::try_from(start.column).ok()?);
    // Characters that take no room, or much of it, would put the mark elsewhere.
    let is_shown = |c: char| !c.is_control();
    let text: Vec<char> =
        sql.lines().nth(line.checked_sub(1)?)?.chars().map(|c| if is_shown(c) { c } else { ' ' }).collect();
    let from = column.checked_sub(1)?.min(text.len());
    let word = text[from..].iter().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).count();
    let length = end.and_then(|end| usize::try_from(end).ok()?.checked_sub(column)).unwrap_or(word).max(1);
    let skip = if text.len() > SHOWN { from.saturating_sub(BEFORE) } else { 0 };
    let shown: String = text[skip..].iter().take(SHOWN).collect();
    let mark = (from - skip, length.min(SHOWN - (from - skip).min(SHOWN - 1)));
    Some(Misstatement { message: message.to_owned(), line, column, excerpt: shown, mark })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(sql: &str, line: u64, column: u64, end: Option<u64>) -> String {
        misstatement("wrong", sql, Location { line, column }, end).unwrap().to_string()
    }

    #[test]
    fn what_is_wrong_is_marked() {
        assert_eq!(
            told("SELECT kee FROM logs", 1, 8, Some(11)),
            "line 1, column 8: wrong\n  SELECT kee FROM logs\n         ^^^"
        );
        assert_eq!(told("SELECT 1\nFRM logs", 2, 1, None), "line 2, column 1: wrong\n  FRM logs\n  ^^^");
        assert_eq!(told("a\tb", 1, 3, None), "line 1, column 3: wrong\n  a b\n    ^");
        assert_eq!(told("SELECT", 1, 99, None), "line 1, column 99: wrong\n  SELECT\n        ^");
        let long = format!("SELECT {} kee {}", "a, ".repeat(100), "b, ".repeat(100));
        let text = told(&long, 1, 309, None);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1].chars().count(), 102);
        assert_eq!(&lines[1][lines[2].find('^').unwrap()..][..3], "kee");
        assert!(misstatement("wrong", "SELECT 1", Location { line: 7, column: 1 }, None).is_none());
        assert!(misstatement("wrong", "SELECT 1", Location { line: 0, column: 0 }, None).is_none());
    }

    #[test]
    fn places_and_tables_are_read_off_messages() {
        let mut message = "Expected: a, found: b at Line: 3, Column: 14".to_owned();
        assert_eq!(place_in(&mut message), Some(Location { line: 3, column: 14 }));
        assert_eq!(message, "Expected: a, found: b");
        assert_eq!(missing_table("table 'datafusion.public.logz' not found").as_deref(), Some("logz"));
        assert_eq!(missing_table("something else"), None);
    }
}
