//! Wraps lines to the terminal, and formats times.

use chrono::{DateTime, Utc};
use saltmine_query::timeline::Time;

use super::super::clock;

/// Two texts on one line if they fit, otherwise on two lines.
pub(in crate::output) fn side_by_side(left: &str, right: &str, width: usize) -> Vec<String> {
    let (long, short) = (left.chars().count(), right.chars().count());
    if right.is_empty() {
        return wrapped(left, width, 3);
    }
    if long + short + 2 <= width {
        return vec![format!("{left}{right:>room$}", room = width - long)];
    }
    let mut lines = wrapped(left, width, 3);
    lines.push(cut(right, width));
    lines
}

/// The beginning of a text, with `…` if it was truncated.
pub(in crate::output) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Wraps text to at most `most` lines, between words if possible; the last line is truncated.
pub(in crate::output) fn wrapped(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        if lines.len() + 1 == most.max(1) || rest.chars().count() <= width {
            lines.push(cut(rest, width));
            break;
        }
        let end = rest.char_indices().nth(width).map_or(rest.len(), |(end, _)| end);
        let at = rest[..end].rfind(' ').filter(|at| *at > 0).unwrap_or(end);
        lines.push(rest[..at].trim_end().to_owned());
        rest = rest[at..].trim_start();
    }
    lines
}

fn utc(time: Time) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(time.0)
}

/// `2026-03-01 00:05`.
pub(in crate::output) fn day_and_time(time: Time) -> String {
    utc(time).map_or_else(|| time.to_string(), |time| time.format("%Y-%m-%d %H:%M").to_string())
}

/// `Fri 06 Mar 03:02–03:26`, or a range of days.
pub(in crate::output) fn days(first: Time, last: Time) -> String {
    let (Some(from), Some(to)) = (utc(first), utc(last)) else { return format!("{first} to {last}") };
    clock::days(&from, &to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_mark_truncation() {
        assert_eq!(wrapped("one two three", 8, 3), ["one two", "three"]);
        assert_eq!(wrapped("one two three four", 8, 2), ["one two", "three f…"]);
        assert_eq!(wrapped("abcdefghij", 4, 9), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("☃☃☃☃☃", 2, 1), ["☃…"]);
        assert!(wrapped("", 4, 2).is_empty());
        assert_eq!(side_by_side("left", "right", 12), ["left   right"]);
        assert_eq!(side_by_side("left", "right", 9), ["left", "right"]);
    }

    #[test]
    fn times_are_as_short_as_they_can_be() {
        let time = |text: &str| Time(text.parse::<DateTime<Utc>>().map_or(0, |time| time.timestamp_micros()));
        let (two, three) = (time("2026-03-06T03:02:00Z"), time("2026-03-06T03:26:30Z"));
        assert_eq!(days(two, three), "Fri 06 Mar 03:02–03:26");
        assert_eq!(days(two, two), "Fri 06 Mar 03:02");
        assert_eq!(days(two, time("2026-03-07T00:00:00Z")), "Fri 06 Mar 03:02 – Sat 07 Mar 00:00");
        assert_eq!(days(two, time("2027-03-07T00:00:00Z")), "06 Mar 2026 – 07 Mar 2027");
        assert_eq!(day_and_time(two), "2026-03-06 03:02");
    }
}
