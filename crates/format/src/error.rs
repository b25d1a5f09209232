//! Why a line is a reject.

use std::fmt;

use crate::Field;

/// A line whose first eight fields, or whose time, cannot be read. It gives no row and is kept whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineError {
    /// The field that could not be read.
    pub field: Field,
    /// What is wrong with it.
    pub kind: LineErrorKind,
    /// Where in the line it was expected, in bytes from 0.
    pub offset: usize,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineErrorKind {
    /// The line ends before it.
    Missing,
    /// There is something else in its place.
    Malformed,
    /// A time before 2006 or after 2099, by UTC.
    OutOfRange,
}

impl LineError {
    /// A short word for counting, for instance `malformed request_time`.
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
            LineErrorKind::OutOfRange => write!(f, "{name} outside of the years 2006 to 2099"),
        }
    }
}

impl std::error::Error for LineError {}
