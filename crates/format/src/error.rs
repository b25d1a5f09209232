//! Why a line is rejected.

use std::fmt;

use crate::Field;

/// A line whose first eight fields or time cannot be parsed. It produces no row and is kept verbatim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineError {
    /// The field that could not be parsed.
    pub field: Field,
    /// The problem.
    pub kind: LineErrorKind,
    /// Byte offset in the line, from 0, where the field was expected.
    pub offset: usize,
}

/// A problem with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineErrorKind {
    /// The line ends before the field.
    Missing,
    /// The text in its place is not such a value.
    Malformed,
    /// The time is before 2006 or after 2099 (UTC).
    OutOfRange,
}

impl LineError {
    /// A short label for counting, for example `malformed request_time`.
    pub fn reason(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.field.name();
        match self.kind {
            LineErrorKind::Missing => write!(f, "missing {name}"),
            LineErrorKind::Malformed => write!(f, "malformed {name}"),
            LineErrorKind::OutOfRange => write!(f, "{name} outside the years 2006 to 2099"),
        }
    }
}

impl std::error::Error for LineError {}
