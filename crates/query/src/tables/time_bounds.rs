//! Time bounds derived from filters, so that Parquet files outside of them are not opened.

use std::ops::RangeInclusive;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};

const DAY: i64 = 86_400_000_000;

/// First and last time in microseconds since 1970; `None` is unbounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimeBounds {
    first: Option<i64>,
    last: Option<i64>,
}

impl TimeBounds {
    /// Bounds that hold for all rows that pass every one of `filters`.
    pub(crate) fn from_filters(filters: &[Expr]) -> Self {
        let mut bounds = Self::default();
        for filter in filters {
            bounds.add_filter(filter);
        }
        bounds
    }

    /// Whether a row between `first` and `last` may pass. Unknown ends may be anything.
    pub(crate) fn may_hold(&self, first: Option<i64>, last: Option<i64>) -> bool {
        let begins_late = self.last.zip(first).is_some_and(|(last, first)| first > last);
        let ends_early = self.first.zip(last).is_some_and(|(first, last)| last < first);
        !begins_late && !ends_early
    }

    /// First and last; `None` if both are open.
    pub(crate) fn range(&self) -> Option<RangeInclusive<i64>> {
        let is_open = self.first.is_none() && self.last.is_none();
        (!is_open).then(|| self.first.unwrap_or(i64::MIN)..=self.last.unwrap_or(i64::MAX))
    }

    fn add_filter(&mut self, filter: &Expr) {
        for (column, op, value) in split_conjunction(filter).into_iter().flat_map(comparisons) {
            if let Some((unit, value)) = time_column(column).zip(micros(value)) {
                self.compare(unit, op, value);
            }
        }
    }

    /// Treats strict comparisons as inclusive: reading one file too many does no harm.
    fn compare(&mut self, column: TimeColumn, op: Operator, value: i64) {
        let end = match column {
            TimeColumn::RequestTime => value,
            TimeColumn::EventDate => value.saturating_add(DAY - 1),
        };
        match op {
            Operator::Eq => {
                self.first = Some(self.first.map_or(value, |first| first.max(value)));
                self.last = Some(self.last.map_or(end, |last| last.min(end)));
            }
            Operator::Gt | Operator::GtEq => {
                self.first = Some(self.first.map_or(value, |first| first.max(value)))
            }
            Operator::Lt | Operator::LtEq => self.last = Some(self.last.map_or(end, |last| last.min(end))),
            _ => {}
        }
    }
}

#[derive(Clone, Copy)]
enum TimeColumn {
    RequestTime,
    EventDate,
}

/// The comparisons of columns with literals in a part of a conjunction. Columns must be bare: a lossy cast would
/// give wrong bounds, and no cast of a time column can be compared with a literal of [`micros`]'s types.
pub(crate) fn comparisons(part: &Expr) -> Vec<(&str, Operator, &ScalarValue)> {
    match part {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let swapped = || comparison(right, op.swap()?, left);
            comparison(left, *op, right).or_else(swapped).into_iter().collect()
        }
        Expr::Between(Between { expr, negated: false, low, high }) => {
            let ends = [comparison(expr, Operator::GtEq, low), comparison(expr, Operator::LtEq, high)];
            ends.into_iter().flatten().collect()
        }
        _ => Vec::new(),
    }
}

fn comparison<'a>(
    column: &'a Expr,
    op: Operator,
    value: &'a Expr,
) -> Option<(&'a str, Operator, &'a ScalarValue)> {
    match (column, value) {
        (Expr::Column(column), Expr::Literal(value, _)) => Some((&column.name, op, value)),
        _ => None,
    }
}

fn time_column(name: &str) -> Option<TimeColumn> {
    match name {
        "request_time" => Some(TimeColumn::RequestTime),
        "event_date" => Some(TimeColumn::EventDate),
        _ => None,
    }
}

/// A literal as microseconds since 1970.
fn micros(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::TimestampSecond(value, _) => value.and_then(|value| value.checked_mul(1_000_000)),
        ScalarValue::TimestampMillisecond(value, _) => value.and_then(|value| value.checked_mul(1000)),
        ScalarValue::TimestampMicrosecond(value, _) => *value,
        ScalarValue::TimestampNanosecond(value, _) => value.map(|value| value.div_euclid(1000)),
        ScalarValue::Date32(value) => value.map(|days| i64::from(days) * DAY),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{col, lit};

    use super::*;

    fn time(micros: i64) -> Expr {
        lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())))
    }

    #[test]
    fn conjunctions_narrow() {
        let filters = [
            col("request_time").gt_eq(time(10)).and(time(20).gt(col("request_time"))),
            col("key").eq(lit("k")),
        ];
        let bounds = TimeBounds::from_filters(&filters);
        assert_eq!(bounds, TimeBounds { first: Some(10), last: Some(20) });
        assert!(
            bounds.may_hold(Some(0), Some(10))
                && bounds.may_hold(Some(20), None)
                && bounds.may_hold(None, None)
        );
        assert!(!bounds.may_hold(Some(0), Some(9)) && !bounds.may_hold(Some(21), None));
    }

    #[test]
    fn disjunctions_and_other_columns_do_not_narrow() {
        let either = col("request_time").gt(time(10)).or(col("key").eq(lit("k")));
        assert_eq!(TimeBounds::from_filters(&[either]), TimeBounds::default());
        assert_eq!(TimeBounds::from_filters(&[col("bytes_sent").gt(lit(1))]), TimeBounds::default());
        assert_eq!(TimeBounds::from_filters(&[col("request_time").not_eq(time(1))]), TimeBounds::default());
    }

    #[test]
    fn a_date_is_a_whole_day() {
        let date = lit(ScalarValue::Date32(Some(1)));
        let bounds = TimeBounds::from_filters(&[col("event_date").eq(date)]);
        assert_eq!(bounds, TimeBounds { first: Some(DAY), last: Some(2 * DAY - 1) });
    }
}
