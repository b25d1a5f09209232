//! `sum` of integers that never wraps. DataFusion's `sum` wraps around at 64 bits, so that two chosen sizes in a
//! log could set a total to any value. Everything else of `sum` is DataFusion's.

use std::collections::HashMap;
use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type, UInt64Type};
use datafusion::common::{Result, ScalarValue, exec_err, internal_err};
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator};

use super::inner::as_inner;

/// The type of partial sums: wide enough for 2^63 values of 2^63.
const STATE: DataType = DataType::Decimal128(38, 0);

/// `sum` with its own overflow-checked total for integers.
pub(super) fn sum() -> AggregateUDF {
    AggregateUDF::from(Sum { inner: sum_udaf() })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    inner: Arc<AggregateUDF>,
}

/// The type of the summed integers and of the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Integer {
    Signed,
    Unsigned,
}

impl Integer {
    fn from_field(field: &Field) -> Option<Self> {
        match field.data_type() {
            DataType::Int64 => Some(Self::Signed),
            DataType::UInt64 => Some(Self::Unsigned),
            _ => None,
        }
    }

    /// Calls `each` with the index and value of every row that is not null.
    fn each(self, values: &ArrayRef, mut each: impl FnMut(usize, i128)) {
        match self {
            Self::Signed => {
                let values = values.as_primitive::<Int64Type>();
                (0..values.len())
                    .filter(|row| values.is_valid(*row))
                    .for_each(|row| each(row, i128::from(values.value(row))));
            }
            Self::Unsigned => {
                let values = values.as_primitive::<UInt64Type>();
                (0..values.len())
                    .filter(|row| values.is_valid(*row))
                    .for_each(|row| each(row, i128::from(values.value(row))));
            }
        }
    }

    /// The total as a scalar; null if there is none.
    fn scalar(self, total: Option<i128>) -> Result<ScalarValue> {
        Ok(match self {
            Self::Signed => ScalarValue::Int64(total.map(to_result_type).transpose()?),
            Self::Unsigned => ScalarValue::UInt64(total.map(to_result_type).transpose()?),
        })
    }

    fn array(self, totals: Vec<Option<i128>>) -> Result<ArrayRef> {
        let totals = totals.into_iter();
        Ok(match self {
            Self::Signed => Arc::new(
                totals.map(|total| total.map(to_result_type).transpose()).collect::<Result<Int64Array>>()?,
            ),
            Self::Unsigned => Arc::new(
                totals.map(|total| total.map(to_result_type).transpose()).collect::<Result<UInt64Array>>()?,
            ),
        })
    }
}

fn to_result_type<T: TryFrom<i128>>(total: i128) -> Result<T> {
    T::try_from(total).or_else(|_| {
        exec_err!("sum: the total {total} does not fit in 64 bits; use sum(CAST(… AS decimal(38, 0)))")
    })
}

impl AggregateUDFImpl for Sum {
    as_inner!();

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        if args.is_distinct || Integer::from_field(args.return_field.as_ref()).is_none() {
            return self.inner.state_fields(args);
        }
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "sum"), STATE, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        match Integer::from_field(args.return_field.as_ref()) {
            None => self.inner.accumulator(args),
            Some(integer) if args.is_distinct => Ok(Box::new(Distinct::new(integer))),
            Some(integer) => Ok(Box::new(Total { integer, total: 0, count: 0 })),
        }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        match Integer::from_field(args.return_field.as_ref()) {
            None => self.inner.create_sliding_accumulator(args),
            Some(_) => self.accumulator(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        match Integer::from_field(args.return_field.as_ref()) {
            None => self.inner.create_groups_accumulator(args),
            Some(integer) => Ok(Box::new(Totals { integer, totals: Vec::new() })),
        }
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// The sum of all rows, or of a window of them.
#[derive(Debug)]
struct Total {
    integer: Integer,
    total: i128,
    count: u64,
}

impl Total {
    fn value(&self) -> Option<i128> {
        (self.count > 0).then_some(self.total)
    }
}

impl Accumulator for Total {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.integer.each(&values[0], |_, value| {
            self.total += value;
            self.count += 1;
        });
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.integer.each(&values[0], |_, value| {
            self.total -= value;
            self.count -= 1;
        });
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Decimal128(self.value(), 38, 0)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for total in states[0].as_primitive::<Decimal128Type>().iter().flatten() {
            self.total = add(self.total, total)?;
            self.count += 1;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.integer.scalar(self.value())
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}

/// Partial sums on a cluster come from other processes, so they are checked.
fn add(total: i128, more: i128) -> Result<i128> {
    let beyond = || DataFusionError::Execution("sum: the total does not fit in 128 bits".to_owned());
    total.checked_add(more).ok_or_else(beyond)
}

/// The sum of distinct values, of all rows or of a window.
#[derive(Debug)]
struct Distinct {
    integer: Integer,
    /// Number of rows per value.
    rows: HashMap<i128, u64>,
}

impl Distinct {
    fn new(integer: Integer) -> Self {
        Self { integer, rows: HashMap::new() }
    }

    fn data_type(&self) -> DataType {
        match self.integer {
            Integer::Signed => DataType::Int64,
            Integer::Unsigned => DataType::UInt64,
        }
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.integer.each(&values[0], |_, value| *self.rows.entry(value).or_default() += 1);
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.integer.each(&values[0], |_, value| {
            if let Some(rows) = self.rows.get_mut(&value) {
                *rows -= 1;
                if *rows == 0 {
                    self.rows.remove(&value);
                }
            }
        });
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> =
            self.rows.keys().map(|value| self.integer.scalar(Some(*value))).collect::<Result<_>>()?;
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(&values, &self.data_type()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            self.update_batch(&[values])?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let total = self.rows.keys().try_fold(0, |total, value| add(total, *value))?;
        self.integer.scalar((!self.rows.is_empty()).then_some(total))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.rows.capacity() * size_of::<(i128, u64)>()
    }
}

/// The sums of groups.
#[derive(Debug)]
struct Totals {
    integer: Integer,
    totals: Vec<Option<i128>>,
}

fn is_wanted(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

fn state_array(totals: Vec<Option<i128>>) -> Result<ArrayRef> {
    Ok(Arc::new(Decimal128Array::from(totals).with_data_type(STATE)))
}

impl GroupsAccumulator for Totals {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.totals.resize(total, None);
        let totals = &mut self.totals;
        self.integer.each(&values[0], |row, value| {
            if is_wanted(filter, row) {
                *totals[groups[row]].get_or_insert(0) += value;
            }
        });
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.totals.resize(total, None);
        let states = states[0].as_primitive::<Decimal128Type>();
        if states.len() != groups.len() {
            return internal_err!("sum: as many states as rows");
        }
        for (state, group) in states.iter().zip(groups) {
            if let Some(state) = state {
                let total = self.totals[*group].get_or_insert(0);
                *total = add(*total, state)?;
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut totals = vec![None; values[0].len()];
        self.integer.each(&values[0], |row, value| {
            if is_wanted(filter, row) {
                totals[row] = Some(value);
            }
        });
        Ok(vec![state_array(totals)?])
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.integer.array(emit_to.take_needed(&mut self.totals))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![state_array(emit_to.take_needed(&mut self.totals))?])
    }

    fn size(&self) -> usize {
        self.totals.capacity() * size_of::<Option<i128>>()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::prelude::{SessionConfig, SessionContext};

    async fn values(sql: &str, is_ours: bool) -> Result<String, String> {
        let config = SessionConfig::new().with_target_partitions(3).with_batch_size(100);
        let context = SessionContext::new_with_config(config);
        if is_ours {
            crate::functions::register_all(&context);
        }
        let frame = context.sql(sql).await.map_err(|error| error.to_string())?;
        let batches = frame.collect().await.map_err(|error| error.to_string())?;
        Ok(datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string())
    }

    // Two chosen sizes that would bring a 64-bit sum back to 1,000.
    const CHOSEN: &str =
        "(VALUES (1, 16334280827), (1, 9223372036854775807), (1, 9223372020520495982), (2, 5)) AS t (g, n)";

    #[tokio::test]
    async fn a_total_beyond_64_bits_is_an_error_and_never_another_number() {
        let beyond = format!("SELECT sum(n) FROM {CHOSEN}");
        assert!(
            values(&beyond, false).await.unwrap().contains("| 1005 "),
            "the numbers do not wrap to what they should"
        );
        for sql in [
            beyond.clone(),
            format!("SELECT g, sum(n) FROM {CHOSEN} GROUP BY g"),
            format!("SELECT sum(DISTINCT n) FROM {CHOSEN}"),
            format!("SELECT sum(n) FILTER (WHERE g = 1) FROM {CHOSEN}"),
            format!("SELECT sum(n) OVER (PARTITION BY g) FROM {CHOSEN}"),
            format!("SELECT sum(n) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {CHOSEN}"),
            format!("SELECT g FROM {CHOSEN} GROUP BY g HAVING sum(n) > 7"),
        ] {
            let problem = values(&sql, true).await.expect_err(&sql);
            assert!(problem.contains("does not fit in 64 bits"), "{sql}: {problem}");
        }
        let wide = format!("SELECT sum(CAST(n AS decimal(38, 0))) FROM {CHOSEN}");
        assert!(values(&wide, true).await.unwrap().contains("18446744073709552621"));
    }

    /// Groups, filters, nulls, windows, distinct values, two phases, and more groups than a batch has rows.
    #[tokio::test]
    async fn sums_that_fit_equal_those_of_datafusion() {
        let rows = "(SELECT value AS n, CASE WHEN value % 7 = 0 THEN NULL ELSE value * 1000003 % 65537 - 30000 END AS v \
                    FROM generate_series(1, 20000))";
        for sql in [
            format!(
                "SELECT sum(v), sum(DISTINCT v), sum(v) FILTER (WHERE n % 3 = 0), sum(v) FILTER (WHERE n < 0) FROM {rows}"
            ),
            format!(
                "SELECT n % 4001 AS g, sum(v), sum(v) FILTER (WHERE n % 2 = 0), sum(DISTINCT v % 5), sum(v * 0.5) FROM {rows} GROUP BY 1 ORDER BY 1"
            ),
            format!("SELECT n % 7 AS g, sum(v), count(v) FROM {rows} GROUP BY 1 ORDER BY 1"),
            format!(
                "SELECT n, sum(v) OVER (PARTITION BY n % 3 ORDER BY n ROWS BETWEEN 5 PRECEDING AND 1 FOLLOWING) FROM {rows} ORDER BY n LIMIT 500"
            ),
            format!("SELECT n, sum(v) OVER (ORDER BY n), sum(v) OVER () FROM {rows} ORDER BY n LIMIT 500"),
            format!(
                "SELECT sum(arrow_cast(n, 'UInt64')), sum(arrow_cast(v, 'Int16')) FROM {rows} WHERE v BETWEEN 0 AND 30000"
            ),
        ] {
            let ours = values(&sql, true).await.unwrap();
            assert_eq!(ours, values(&sql, false).await.unwrap(), "{sql}");
        }
    }
}
