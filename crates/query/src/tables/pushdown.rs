//! Derives from filters which rows of raw logs need not be built.

use std::ops::RangeInclusive;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, Operator};
use saltmine_scan::RowFilter;

use super::time_bounds::{TimeBounds, comparisons};

/// Conditions, easily derived, that hold for every row that passes all of `filters`.
pub(crate) fn row_filter(filters: &[Expr]) -> RowFilter {
    let mut rows = RowFilter { times: TimeBounds::from_filters(filters).range(), ..RowFilter::default() };
    filters.iter().for_each(|filter| add_filter(&mut rows, filter));
    rows
}

fn add_filter(rows: &mut RowFilter, filter: &Expr) {
    for part in split_conjunction(filter) {
        if let Expr::InList(InList { expr, list, negated: false }) = part
            && let Expr::Column(column) = &**expr
        {
            add_alternatives(rows, &column.name, list);
        }
        for (column, op, value) in comparisons(part) {
            compare(rows, column, op, value);
        }
    }
}

fn compare(rows: &mut RowFilter, column: &str, op: Operator, value: &ScalarValue) {
    match (column, op) {
        ("operation", Operator::Eq) => {
            operations(rows, value.try_as_str().flatten().map(|name| vec![name.to_owned()]))
        }
        ("http_status", _) => {
            let Some(status) = integer(value) else { return };
            let range = match op {
                Operator::Eq => status..=status,
                Operator::Lt => i64::MIN..=status.saturating_sub(1),
                Operator::LtEq => i64::MIN..=status,
                Operator::Gt => status.saturating_add(1)..=i64::MAX,
                Operator::GtEq => status..=i64::MAX,
                _ => return,
            };
            statuses(rows, range);
        }
        _ => {}
    }
}

fn add_alternatives(rows: &mut RowFilter, column: &str, list: &[Expr]) {
    let values = list.iter().map(|item| match item {
        Expr::Literal(value, _) => Some(value),
        _ => None,
    });
    let Some(values) = values.collect::<Option<Vec<_>>>() else { return };
    match column {
        "operation" => {
            let names = values.iter().map(|value| value.try_as_str().flatten().map(str::to_owned));
            operations(rows, names.collect());
        }
        "http_status" => {
            let values = values.iter().map(|value| integer(value)).collect::<Option<Vec<_>>>();
            if let Some((low, high)) =
                values.and_then(|all| all.iter().min().copied().zip(all.iter().max().copied()))
            {
                statuses(rows, low..=high);
            }
        }
        _ => {}
    }
}

fn operations(rows: &mut RowFilter, names: Option<Vec<String>>) {
    let Some(names) = names else { return };
    match &mut rows.operations {
        Some(kept) => kept.retain(|name| names.contains(name)),
        None => rows.operations = Some(names),
    }
}

fn statuses(rows: &mut RowFilter, range: RangeInclusive<i64>) {
    let kept = rows.statuses.take().unwrap_or(i64::MIN..=i64::MAX);
    rows.statuses = Some(*kept.start().max(range.start())..=*kept.end().min(range.end()));
}

fn integer(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::Int8(value) => value.map(i64::from),
        ScalarValue::Int16(value) => value.map(i64::from),
        ScalarValue::Int32(value) => value.map(i64::from),
        ScalarValue::Int64(value) => *value,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{col, lit};

    use super::*;

    #[test]
    fn conjunctions_narrow() {
        let filters = [
            col("operation")
                .in_list(vec![lit("A"), lit("B")], false)
                .and(col("http_status").gt_eq(lit(400_i64))),
            lit(500_i64).gt(col("http_status")),
            col("operation").in_list(vec![lit("B"), lit("C")], false),
        ];
        let kept = row_filter(&filters);
        assert_eq!((kept.operations, kept.statuses), (Some(vec!["B".to_owned()]), Some(400..=499)));
        let between = row_filter(&[
            col("http_status").between(lit(200_i16), lit(299_i16)),
            col("operation").eq(lit("A")),
        ]);
        assert_eq!((between.operations, between.statuses), (Some(vec!["A".to_owned()]), Some(200..=299)));
    }

    #[test]
    fn conditions_other_than_conjunctions_are_not_pushed_down() {
        let either = col("operation").eq(lit("A")).or(col("key").eq(lit("k")));
        let others = [
            either,
            col("operation").in_list(vec![lit("A")], true),
            col("operation").in_list(vec![lit("A"), col("key")], false),
            col("operation").not_eq(lit("A")),
            col("http_status").not_eq(lit(200_i64)),
            col("operation").eq(lit(ScalarValue::Utf8(None))),
        ];
        assert_eq!(row_filter(&others), RowFilter::default());
    }
}
