//! How requests become sessions.

/// How requests become sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineOptions {
    /// A break longer than this begins a new session; microseconds.
    pub idle: i64,
    /// Most sessions of the report, the earliest ones; `None` for all, however many. All are counted.
    pub most: Option<usize>,
}

/// Half an hour, and a thousand sessions.
impl Default for TimelineOptions {
    fn default() -> Self {
        Self { idle: 30 * 60 * 1_000_000, most: Some(1000) }
    }
}
