//! A heat map of hours and weekdays.

use super::text;

/// Number of colour steps.
const STEPS: i64 = 9;

/// A heat map. Its colours are classes, because the page's content security policy forbids inline styles.
pub(in crate::output::report) struct HourHeatmap {
    pub(in crate::output::report) title: &'static str,
    /// Per hour: its name and the days from Monday.
    pub(in crate::output::report) rows: Vec<(String, Vec<HeatCell>)>,
}

pub(in crate::output::report) struct HeatCell {
    pub(in crate::output::report) brief: String,
    pub(in crate::output::report) exact: String,
    pub(in crate::output::report) step: i64,
}

impl HourHeatmap {
    pub(super) fn new(title: &'static str, days: &[[i64; 24]; 7], exact: fn(i64) -> String) -> Self {
        let most = days.iter().flatten().copied().max().unwrap_or(0).max(1);
        let cell =
            |value: i64| HeatCell { brief: text::brief(value), exact: exact(value), step: step(value, most) };
        let row = |hour: usize| (format!("{hour:02}"), days.iter().map(|day| cell(day[hour])).collect());
        Self { title, rows: (0..24).map(row).collect() }
    }
}

/// Scales by the cube root, so that one hour far above the others does not make those look alike.
fn step(value: i64, most: i64) -> i64 {
    if value <= 0 {
        return 0;
    }
    let share = (value as f64 / most as f64).cbrt();
    ((share * STEPS as f64).ceil() as i64).clamp(1, STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zero_has_no_colour() {
        assert_eq!([0, 1, 100, 10_000, 20_000].map(|value| step(value, 20_000)), [0, 1, 2, 8, 9]);
        let mut days = [[0; 24]; 7];
        days[6][23] = 5;
        let heat = HourHeatmap::new("", &days, text::count);
        assert_eq!((heat.rows.len(), heat.rows[23].1[6].step), (24, 9));
    }
}
