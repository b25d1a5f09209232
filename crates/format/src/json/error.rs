//! Why a line of JSON is rejected.

use std::fmt;

use crate::Field;

/// A line of JSON that produces no row. It is kept verbatim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The problem.
    pub kind: JsonErrorKind,
    /// Byte offset in the line, from 0.
    pub offset: usize,
}

/// A problem with a line of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The line is not JSON; the message is the parser's and contains no text of the line.
    Syntax(String),
    /// The line has bytes that are not valid UTF-8.
    NotUtf8,
    /// Something follows the object: another object, or anything else.
    Trailing,
    /// A required member is missing or null.
    Missing(Field),
    /// A required member is present but invalid.
    Malformed(Field),
    /// The time is before 2006 or after 2099 (UTC).
    OutOfRange(Field),
    /// CloudWatch Logs events inside the service's envelope: the records are strings in it.
    Envelope,
}

impl JsonErrorKind {
    pub(super) fn at(self, offset: usize) -> JsonError {
        JsonError { kind: self, offset }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            JsonErrorKind::Syntax(message) => write!(f, "not JSON: {message}"),
            JsonErrorKind::NotUtf8 => f.write_str("not JSON: not UTF-8"),
            JsonErrorKind::Trailing => f.write_str("more than one JSON object"),
            JsonErrorKind::Missing(field) => write!(f, "missing {}", field.name()),
            JsonErrorKind::Malformed(field) => write!(f, "malformed {}", field.name()),
            JsonErrorKind::OutOfRange(field) => {
                write!(f, "{} outside the years 2006 to 2099", field.name())
            }
            JsonErrorKind::Envelope => f.write_str("a CloudWatch Logs envelope; extract its messages first"),
        }
    }
}

impl std::error::Error for JsonError {}
