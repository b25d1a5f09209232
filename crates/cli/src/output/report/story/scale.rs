//! The time axis of pictures. Positions are in percent, so that pictures fill the available width without stretching
//! their text.

use chrono::{DateTime, Datelike, Timelike};
use saltmine_query::report::Story;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Possible distances between ticks.
const STEPS: [i64; 13] = [
    300,
    900,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    91 * DAY,
    365 * DAY,
];
/// Maximum number of ticks.
const TICKS: i64 = 8;

/// A period, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    start: i64,
    length: i64,
}

/// A tick of the axis.
pub(super) struct Tick {
    pub(super) x: String,
    pub(super) label: String,
}

/// A part of the axis.
pub(super) struct Span {
    pub(super) x: String,
    pub(super) width: String,
}

impl Scale {
    pub(super) fn new(story: &Story) -> Self {
        let slots = i64::try_from(story.slots).unwrap_or(0);
        Self { start: story.start, length: story.width.saturating_mul(slots).max(1) }
    }

    pub(super) fn between(first: i64, last: i64) -> Self {
        Self { start: first, length: last.saturating_sub(first).max(1) }
    }

    /// The position of a time, from 0 to 1.
    fn share(&self, seconds: i64) -> f64 {
        (seconds.saturating_sub(self.start) as f64 / self.length as f64).clamp(0.0, 1.0)
    }

    /// The span between two times, at least `least` wide; `None` if it is outside of the axis.
    pub(super) fn span(&self, first: i64, last: i64, least: f64) -> Option<Span> {
        if last < self.start || first > self.start.saturating_add(self.length) {
            return None;
        }
        let (from, to) = (self.share(first), self.share(last));
        let width = (to - from).max(least);
        let from = from.min(1.0 - width).max(0.0);
        Some(Span { x: percent(from), width: percent(width) })
    }

    pub(super) fn ticks(&self) -> Vec<Tick> {
        let step = STEPS.into_iter().find(|step| self.length / step <= TICKS);
        let step = step.unwrap_or_else(|| (self.length / TICKS / DAY + 1) * DAY);
        let first = self.start.div_euclid(step) + i64::from(self.start.rem_euclid(step) > 0);
        let times = (first..).map(|number| number * step).take_while(|time| *time < self.start + self.length);
        times.map(|time| Tick { x: percent(self.share(time)), label: label(time, step) }).collect()
    }
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

fn label(seconds: i64, step: i64) -> String {
    let Some(time) = DateTime::from_timestamp(seconds, 0) else { return seconds.to_string() };
    let form = match step {
        ..DAY if time.hour() == 0 && time.minute() == 0 => "%-d %b",
        ..DAY => "%H:%M",
        _ if step >= 91 * DAY => "%b %Y",
        _ if time.ordinal() <= 7 && step >= DAY => "%-d %b %Y",
        _ => "%-d %b",
    };
    time.format(form).to_string()
}

/// Bars in a box of 1000 by 100, as the data of an SVG path: from, to and height, each from 0 to 1.
pub(super) fn bars(bars: impl Iterator<Item = (f64, f64, f64)>) -> String {
    let mut path = String::new();
    for (from, to, height) in bars.filter(|(.., height)| *height > 0.0) {
        // Every bar is visible, however small its value.
        let top = 100.0 - (height * 100.0).clamp(2.0, 100.0);
        path += &format!("M{:.1} 100V{top:.0}H{:.1}V100", from * 1000.0, to * 1000.0);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week() -> Scale {
        // 2026-03-01 00:00 to 2026-03-08 00:00.
        Scale { start: 1_772_323_200, length: 7 * DAY }
    }

    #[test]
    fn ticks_are_few_and_at_round_times() {
        let labels: Vec<String> = week().ticks().into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["1 Mar", "2 Mar", "3 Mar", "4 Mar", "5 Mar", "6 Mar", "7 Mar"]);
        let day = Scale { start: 1_772_323_200, length: DAY };
        assert_eq!(day.ticks()[1].label, "03:00");
        for length in [1, 60, HOUR, 5 * HOUR, 40 * DAY, 3000 * DAY, 90_000 * DAY] {
            let count = Scale { start: 1_772_323_217, length }.ticks().len();
            assert!(count <= 10, "{length}: {count}");
        }
    }

    #[test]
    fn spans_stay_on_the_axis_and_are_never_too_narrow() {
        let start = week().start;
        let span =
            |first, last| week().span(start + first, start + last, 0.01).map(|span| (span.x, span.width));
        assert_eq!(span(0, 7 * DAY), Some(("0.00%".into(), "100.00%".into())));
        assert_eq!(span(7 * DAY, 7 * DAY), Some(("99.00%".into(), "1.00%".into())));
        assert_eq!(span(-5, 0), Some(("0.00%".into(), "1.00%".into())));
        assert_eq!((span(-5, -4), span(8 * DAY, 9 * DAY)), (None, None));
    }

    #[test]
    fn small_bars_are_seen_and_empty_ones_are_not_drawn() {
        let path = bars([(0.0, 0.5, 1.0), (0.5, 0.75, 0.0), (0.75, 1.0, 0.001)].into_iter());
        assert_eq!(path, "M0.0 100V0H500.0V100M750.0 100V98H1000.0V100");
    }
}
