//! Why a line of JSON is a reject.

use std::fmt;

use crate::Field;

/// A line of JSON that gives no row. It is kept whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Where in the line, in bytes from 0.
    pub offset: usize,
}

/// What is wrong with a line of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// It is not JSON, in the words of who reads it. They hold nothing of the line.
    Syntax(String),
    /// It holds bytes that are not UTF-8.
    NotUtf8,
    /// Something follows the object: another one, or anything else.
    Trailing,
    /// A member without which there is no row is not there, or null.
    Missing(Field),
    /// It is there, but not what it has to be.
    Malformed(Field),
    /// A time before 2006 or after 2099, by UTC.
    OutOfRange(Field),
    /// Events of CloudWatch Logs with what the service puts around them: the records are texts in it.
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
                write!(f, "{} outside of the years 2006 to 2099", field.name())
            }
            JsonErrorKind::Envelope => {
                f.write_str("an envelope of CloudWatch Logs; take the messages out of it first")
            }
        }
    }
}

impl std::error::Error for JsonError {}
