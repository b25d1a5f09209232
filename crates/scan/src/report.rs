//! The outcome of reading a source.

use crate::inflate::{Damage, DamageKind};
use crate::reject::Reject;

/// How a source ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceState {
    /// Read completely.
    Complete,
    /// The source ends in the middle of its compressed stream; the lines before that were read.
    Truncated,
    /// The compressed stream is damaged, or bytes follow it; the lines before that were read.
    Damaged,
    /// The source could not be opened, or not read to its end.
    Unreadable,
    /// Another kind of file. If it is text, every line is a reject; otherwise nothing was read.
    NotALog,
}

impl SourceState {
    /// The label in the table `sources`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Truncated => "truncated",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
            Self::NotALog => "not_a_log",
        }
    }
}

/// The problem, and where in the file as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadProblem {
    /// A description, without the name of the file.
    pub message: String,
    /// Offset in the file as stored, in bytes from 0; `None` if there is none.
    pub offset: Option<u64>,
}

impl std::fmt::Display for ReadProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{} at byte {offset}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Counts of lines: `lines = rows + rejects + blanks`, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All lines.
    pub lines: u64,
    /// Lines that gave a row.
    pub rows: u64,
    /// Lines that could not be parsed.
    pub rejects: u64,
    /// Lines of white space, and headings that some servers write.
    pub blanks: u64,
    /// Rows with an anomaly.
    pub anomalies: u64,
    /// Earliest request time, in microseconds since 1970 (UTC).
    pub first_time: Option<i64>,
    /// Latest request time.
    pub last_time: Option<i64>,
}

impl Counts {
    /// Adds other counts.
    pub fn add(&mut self, other: &Counts) {
        self.lines += other.lines;
        self.rows += other.rows;
        self.rejects += other.rejects;
        self.blanks += other.blanks;
        self.anomalies += other.anomalies;
        self.first_time = merge(self.first_time, other.first_time, i64::min);
        self.last_time = merge(self.last_time, other.last_time, i64::max);
    }
}

fn merge(a: Option<i64>, b: Option<i64>, choose: fn(i64, i64) -> i64) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(choose(a, b)),
        (a, b) => a.or(b),
    }
}

/// The outcome of reading a source.
#[derive(Clone, Debug)]
pub struct SourceReport {
    /// The source's name, as in the column `log_file`.
    pub name: String,
    /// Bytes of the file as stored.
    pub size: u64,
    /// Bytes of text in it.
    pub inflated: u64,
    /// Its lines.
    pub counts: Counts,
    /// How reading ended.
    pub state: SourceState,
    /// The problem, unless the source is complete.
    pub problem: Option<ReadProblem>,
    /// The first lines that could not be parsed.
    pub rejected: Vec<Reject>,
}

pub(crate) fn state_of(damage: &Damage) -> (SourceState, ReadProblem) {
    let state = match damage.kind {
        DamageKind::Truncated => SourceState::Truncated,
        DamageKind::Corrupt => SourceState::Damaged,
        DamageKind::Unreadable => SourceState::Unreadable,
    };
    (state, ReadProblem { message: damage.message.clone(), offset: Some(damage.offset) })
}
