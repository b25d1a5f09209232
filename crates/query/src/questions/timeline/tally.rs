//! Counts values without keeping all of them: log text never decides how much memory is used.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::report::{Statuses, Value, Values};
use super::rows::Row;
use crate::time::Time;

/// Maximum number of values counted individually per session; beyond that, only their number is known.
const MAX_COUNTED: usize = 1000;
/// Maximum number of distinct values tracked; beyond that, the number is a lower bound.
const MAX_DISTINCT: usize = 1 << 20;
/// Maximum characters kept of a text.
const MAX_TEXT_CHARS: usize = 1024;

/// The field of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Requester,
    Address,
    Operation,
    Bucket,
    Agent,
    Object,
    Error,
    Tls,
}

/// Fixed-size ids for requesters' values of any length: hashes with a random key, so that collisions cannot be
/// constructed.
#[derive(Clone, Default)]
pub(super) struct ValueHasher(RandomState);

impl ValueHasher {
    pub(super) fn hash(&self, kind: Kind, requester: Option<&str>, value: Option<&str>) -> u64 {
        self.0.hash_one((kind, requester, value))
    }

    pub(super) fn hash_object(&self, row: &Row<'_>) -> u64 {
        self.0.hash_one((Kind::Object, row.requester, row.bucket, row.key))
    }
}

/// Counts the values of one session.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counted: HashMap<u64, Value>,
    beyond: HashSet<u64>,
    full: bool,
}

impl Tally {
    /// Counts a request. The value is only computed if it is new.
    pub(super) fn add(&mut self, id: u64, row: &Row<'_>, value: impl FnOnce() -> Option<String>) {
        let room = self.counted.len() < MAX_COUNTED;
        if let Some(known) = self.counted.get_mut(&id) {
            known.requests += 1;
            known.bytes_sent = known.bytes_sent.saturating_add(row.bytes);
            known.statuses.add(row.status);
        } else if room {
            let mut statuses = Statuses::default();
            statuses.add(row.status);
            let first = Value {
                value: value(),
                requests: 1,
                bytes_sent: row.bytes,
                statuses,
                first_time: Time(row.time),
                first_use: None,
                evidence: place(row),
                id,
            };
            self.counted.insert(id, first);
        } else if self.beyond.len() < MAX_DISTINCT {
            self.beyond.insert(id);
        } else if !self.beyond.contains(&id) {
            self.full = true;
        }
    }

    /// The values with the most requests.
    pub(super) fn top(self, most: usize) -> Values {
        let distinct = (self.counted.len() + self.beyond.len()) as u64;
        let mut top: Vec<Value> = self.counted.into_values().collect();
        let rank = |value: &Value| (std::cmp::Reverse(value.requests), value.first_time);
        top.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.value.cmp(&b.value)));
        top.truncate(most);
        top.shrink_to_fit();
        Values { distinct, distinct_is_at_least: self.full, top }
    }
}

/// `log_file:log_line`.
pub(super) fn place(row: &Row<'_>) -> String {
    let line = row.log_line.map_or_else(String::new, |line| line.to_string());
    format!("{}:{line}", row.log_file.unwrap_or_default())
}

/// Truncates a long text and appends `…`.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether [`cut`] leaves a text unchanged.
pub(super) fn is_short(text: &str) -> bool {
    text.char_indices().nth(MAX_TEXT_CHARS).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(values: impl Iterator<Item = String>) -> Values {
        let (mut tally, ids) = (Tally::default(), ValueHasher::default());
        for (time, value) in values.enumerate() {
            let row = Row { time: time as i64, bytes: 2, ..Row::default() };
            tally.add(ids.hash(Kind::Agent, None, Some(&value)), &row, || Some(value.clone()));
        }
        tally.top(2)
    }

    #[test]
    fn the_most_frequent_come_first_then_the_earliest() {
        let values = tally(["c", "a", "b", "b"].map(str::to_owned).into_iter());
        let top: Vec<_> = values.top.iter().map(|value| (value.value.as_deref(), value.requests)).collect();
        assert_eq!(top, [(Some("b"), 2), (Some("c"), 1)]);
        assert_eq!((values.top[0].bytes_sent, values.top[0].first_time), (4, Time(2)));
        assert_eq!((values.distinct, values.more(), values.distinct_is_at_least), (3, 1, false));
    }

    #[test]
    fn values_beyond_the_limit_are_still_counted() {
        let values = tally((0..3000).chain(0..3000).map(|number| number.to_string()));
        assert_eq!((values.distinct, values.distinct_is_at_least, values.top.len()), (3000, false, 2));
        let values = tally((0..MAX_DISTINCT + MAX_COUNTED + 1).map(|number| number.to_string()));
        assert_eq!(
            (values.distinct, values.distinct_is_at_least),
            ((MAX_DISTINCT + MAX_COUNTED) as u64, true)
        );
    }

    #[test]
    fn long_texts_are_truncated_between_characters() {
        let long = "☃".repeat(MAX_TEXT_CHARS + 1);
        assert_eq!(cut(&long), format!("{}…", "☃".repeat(MAX_TEXT_CHARS)));
        assert!(!is_short(&long) && is_short("short") && cut("short") == "short");
    }
}
