//! Options of a timeline.

/// How requests are grouped into sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineOptions {
    /// A new session starts after a break longer than this; microseconds.
    pub idle: i64,
    /// Maximum number of sessions in the report, the earliest ones; `None` for all. All sessions are counted.
    pub most: Option<usize>,
}

/// Half an hour, and a thousand sessions.
impl Default for TimelineOptions {
    fn default() -> Self {
        Self { idle: 30 * 60 * 1_000_000, most: Some(1000) }
    }
}
