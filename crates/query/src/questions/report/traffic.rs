//! Requests over time, in slots as wide as the period requires, and by weekday and hour.

use serde::Serialize;

use super::answer::{Answer, Value, ask};
use super::statement::Statement;
use crate::error::QueryError;
use crate::session::Session;

/// Maximum number of slots.
const MAX_SLOTS: i64 = 800;
/// Readable slot widths in seconds, from a minute to a week.
const SLOT_WIDTHS: [i64; 10] = [60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800];

/// The series of [`Slots`], named like the statement's columns.
const SERIES: [&str; 6] =
    ["status_2xx", "status_3xx", "status_4xx", "status_5xx", "status_none", "bytes_sent"];

/// Traffic over time and by hour of the week.
#[derive(Clone, Debug, Serialize)]
pub struct Traffic {
    /// The statement and its rows, without those of the slots.
    pub answer: Answer,
    /// The slots.
    pub slots: Slots,
    /// Requests by weekday, from Monday, and hour.
    pub requests: [[i64; 24]; 7],
    /// Bytes sent by weekday, from Monday, and hour.
    pub bytes: [[i64; 24]; 7],
}

/// Consecutive slots of equal width, including empty ones.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Slots {
    /// Start of the first slot, in seconds since 1970.
    pub start: i64,
    /// Their width in seconds.
    pub width: i64,
    /// Name of each series, and its value in each slot.
    pub series: Vec<(&'static str, Vec<i64>)>,
}

impl Slots {
    /// The number of slots.
    pub fn len(&self) -> usize {
        self.series.first().map_or(0, |(_, values)| values.len())
    }

    /// Whether there are no slots.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Queries the traffic of a period, given in microseconds since 1970; empty if nothing was logged.
pub(super) async fn read(
    session: &Session,
    statement: Statement,
    period: Option<(i64, i64)>,
) -> Result<Traffic, QueryError> {
    let (first, last) = period.map_or((0, 0), |(first, last)| (seconds(first), seconds(last)));
    let width = width(last.saturating_sub(first), MAX_SLOTS);
    let mut answer = ask(session, statement, &[("slot", format!("{width} seconds"))]).await?;
    let slots = if period.is_some() { slots(&answer, width) } else { Slots::default() };
    let by_hour = |column| {
        let mut table = [[0; 24]; 7];
        for row in answer.part("hour") {
            let place = (answer.integer(row, "weekday"), answer.integer(row, "hour"));
            // SQL counts weekdays from Sunday, this table from Monday.
            if let ((0..=6, hour), true) = (place, (0..24).contains(&place.1)) {
                table[(place.0 as usize + 6) % 7][hour as usize] = answer.integer(row, column);
            }
        }
        table
    };
    let (requests, bytes) = (by_hour("requests"), by_hour("bytes_sent"));
    let parts: Vec<bool> =
        answer.rows.iter().map(|row| answer.value(row, "part").text() == Some("slot")).collect();
    let mut parts = parts.into_iter();
    answer.rows.retain(|_| !parts.next().unwrap_or(false));
    Ok(Traffic { answer, slots, requests, bytes })
}

/// The smallest width with at most `most` slots over a span in seconds; above a week, whole weeks.
pub(super) fn width(span: i64, most: i64) -> i64 {
    let least = span / (most - 1) + 1;
    let week = SLOT_WIDTHS[SLOT_WIDTHS.len() - 1];
    SLOT_WIDTHS.into_iter().find(|width| *width >= least).unwrap_or((least / week + 1) * week)
}

fn seconds(micros: i64) -> i64 {
    micros.div_euclid(1_000_000)
}

/// The slots of the answer, including empty ones.
fn slots(answer: &Answer, width: i64) -> Slots {
    let rows: Vec<(i64, &Vec<Value>)> =
        answer.part("slot").filter_map(|row| Some((seconds(answer.time(row, "slot")?), row))).collect();
    let (Some((start, _)), Some((last, _))) = (rows.first(), rows.last()) else { return Slots::default() };
    let count = ((last - start) / width + 1).clamp(0, 2 * MAX_SLOTS) as usize;
    let series = SERIES.map(|name| {
        let mut values = vec![0; count];
        for (time, row) in &rows {
            if let Some(value) = values.get_mut(((time - start) / width) as usize) {
                *value = answer.integer(row, name);
            }
        }
        (name, values)
    });
    Slots { start: *start, width, series: series.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_few_and_have_round_widths() {
        assert_eq!(width(0, MAX_SLOTS), 60);
        assert_eq!(width(7 * 86_400, MAX_SLOTS), 900);
        assert_eq!(width(365 * 86_400, MAX_SLOTS), 43_200);
        for span in [1, 59, 60 * 799, 60 * 800, 86_400, 86_400 * 366, 86_400 * 366 * 8000] {
            let slots = span / width(span, MAX_SLOTS) + 2;
            assert!(slots <= MAX_SLOTS + 2, "{span}: {slots}");
        }
    }
}
