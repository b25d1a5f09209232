//! Tables of a page, from answers.

use saltmine_query::report::{Answer, Value};

use super::{mark, text};

/// The kind of a column, which decides how it is formatted, aligned and sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text that wraps between words.
    Text,
    /// Text as logged, which may be long.
    Code,
    /// A requester or principal, which the page can mark everywhere.
    Who,
    /// A source IP, which can be marked in the same way.
    Ip,
    /// `yes` or empty.
    Flag,
    /// A count.
    Count,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Millis,
    /// Hours.
    Hours,
    /// A time (UTC).
    Time,
}

impl Kind {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Text | Self::Flag => "text",
            Self::Code | Self::Who | Self::Ip => "code",
            Self::Count | Self::Bytes | Self::Millis | Self::Hours => "num",
            Self::Time => "time",
        }
    }
}

/// Text up to this many characters is not wrapped.
const SHORT: usize = 28;

/// A column: its name in the answer, its heading, its kind, and the text for null.
pub(super) type Spec = (&'static str, &'static str, Kind, &'static str);

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
pub(super) struct Column {
    pub(super) heading: &'static str,
    pub(super) class: &'static str,
}

#[derive(Debug)]
pub(super) struct Cell {
    /// The text, which may wrap between its pieces.
    pub(super) pieces: Vec<String>,
    pub(super) class: &'static str,
    /// The sort key, if it is not the text.
    pub(super) sort: Option<String>,
    /// The exact value, if the text is rounded.
    pub(super) exact: Option<String>,
    /// The principal or address that it marks.
    pub(super) mark: Option<String>,
}

/// A table of the rows of an answer, with the given columns.
pub(super) fn table<'a>(
    answer: &Answer,
    rows: impl Iterator<Item = &'a Vec<Value>>,
    specs: &[Spec],
    shown: usize,
) -> Table {
    let row = |row: &'a Vec<Value>| {
        specs.iter().map(|(name, _, kind, null)| cell(answer.value(row, name), *kind, null, shown)).collect()
    };
    Table::new(specs, rows.map(row).collect())
}

impl Table {
    pub(super) fn new(specs: &[Spec], rows: Vec<Vec<Cell>>) -> Self {
        let columns = specs.iter().map(|(_, heading, kind, _)| Column { heading, class: kind.class() });
        Self { columns: columns.collect(), rows }
    }
}

/// A value as a cell.
pub(super) fn cell(value: &Value, kind: Kind, null: &str, shown: usize) -> Cell {
    let plain = |text: String, class| Cell { pieces: vec![text], class, sort: None, exact: None, mark: None };
    match (value, kind) {
        (Value::Null, _) => {
            let sort = matches!(kind.class(), "num" | "time").then(|| "-1".to_owned());
            let mark = (kind == Kind::Who).then(|| mark::principal(mark::ANONYMOUS, 0));
            let class = if kind.class() == "num" { "num none" } else { "none" };
            Cell { sort, mark, ..plain(null.to_owned(), class) }
        }
        (Value::Integer(number), Kind::Bytes) => Cell {
            sort: Some(number.to_string()),
            exact: Some(format!("{} bytes", text::count(*number))),
            ..plain(text::bytes(*number), "num")
        },
        (Value::Integer(number), Kind::Millis) => {
            Cell { sort: Some(number.to_string()), ..plain(text::millis(*number), "num") }
        }
        (Value::Integer(number), Kind::Text | Kind::Code | Kind::Who | Kind::Ip) => {
            plain(number.to_string(), kind.class())
        }
        (Value::Integer(number), _) => {
            Cell { sort: Some(number.to_string()), ..plain(text::count(*number), "num") }
        }
        (Value::Float(number), _) => {
            Cell { sort: Some(number.to_string()), ..plain(format!("{number:.1}"), "num") }
        }
        (Value::Time(micros), _) => {
            Cell { sort: Some(micros.to_string()), ..plain(text::time(*micros), "time") }
        }
        (Value::Text(words), Kind::Code | Kind::Who | Kind::Ip) => {
            let mark = match kind {
                Kind::Who => Some(mark::principal(words, shown)),
                Kind::Ip => Some(mark::address(words, shown)),
                _ => None,
            };
            let words = text::cut(words, shown);
            let class = if words.chars().count() <= SHORT { "code short" } else { "code" };
            Cell { pieces: text::pieces(&words), mark, ..plain(String::new(), class) }
        }
        (Value::Text(words), Kind::Flag) => {
            plain(if words == "true" { "yes" } else { "" }.to_owned(), "text")
        }
        (Value::Text(words), _) => plain(text::cut(words, shown), kind.class()),
    }
}

/// A cell of text.
pub(super) fn words(words: Option<&str>, kind: Kind, null: &str, shown: usize) -> Cell {
    let value = words.map_or(Value::Null, |words| Value::Text(words.to_owned()));
    cell(&value, kind, null, shown)
}

/// A cell of a number.
pub(super) fn number(number: i64, kind: Kind) -> Cell {
    cell(&Value::Integer(number), kind, "", 0)
}
