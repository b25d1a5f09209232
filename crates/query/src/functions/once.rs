//! `sum_once(amount, record)`: the sum over distinct records, for records that were delivered twice.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int64Type, UInt64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, DocSection, Documentation, Signature, Volatility,
};

/// `sum_once(amount, record)`.
pub(super) fn sum_once() -> AggregateUDF {
    let documentation = Documentation::builder(
        DocSection { include: true, label: "Access logs", description: None },
        "The sum of an amount over distinct records, so that a record that was delivered twice counts once. Of several \
         amounts of a record the largest counts; rows without an amount or a record do not count",
        "sum_once(bytes_sent, record)",
    )
    .with_argument("amount", "Integer")
    .with_argument("record", "Text")
    .build();
    AggregateUDF::from(SumOnce { signature: Signature::user_defined(Volatility::Immutable), documentation })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SumOnce {
    signature: Signature,
    documentation: Documentation,
}

fn list_of(of: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(of, true)))
}

impl AggregateUDFImpl for SumOnce {
    fn name(&self) -> &'static str {
        "sum_once"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [amount, record]
                if (amount.is_integer() || amount.is_null()) && (record.is_string() || record.is_null()) =>
            {
                Ok(vec![DataType::Int64, DataType::Utf8View])
            }
            _ => plan_err!("sum_once takes an integer and the record"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field = |name: &str, of| Field::new(format_state_name(args.name, name), list_of(of), true);
        Ok(vec![Arc::new(field("records", DataType::UInt64)), Arc::new(field("amounts", DataType::Int64))])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Amounts::default()))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// The amount of each record, by its hash.
#[derive(Debug, Default)]
struct Amounts(HashMap<u64, i64>);

impl Amounts {
    fn add(&mut self, record: u64, amount: i64) {
        self.0.entry(record).and_modify(|known| *known = amount.max(*known)).or_insert(amount);
    }
}

impl Accumulator for Amounts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let amounts = values[0].as_primitive::<Int64Type>();
        let records = values[1].as_string_view();
        for row in (0..amounts.len()).filter(|row| amounts.is_valid(*row) && records.is_valid(*row)) {
            // The keys of this hasher never change: other processes give the same hash.
            let mut hasher = DefaultHasher::new();
            records.value(row).hash(&mut hasher);
            self.add(hasher.finish(), amounts.value(row));
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (records, amounts) = (states[0].as_list::<i32>(), states[1].as_list::<i32>());
        for row in (0..records.len()).filter(|row| records.is_valid(*row) && amounts.is_valid(*row)) {
            let (records, amounts) = (records.value(row), amounts.value(row));
            let records = records.as_primitive::<UInt64Type>().values();
            for (record, amount) in records.iter().zip(amounts.as_primitive::<Int64Type>().values()) {
                self.add(*record, *amount);
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let records = self.0.keys().map(|record| Some(*record));
        let records = ListArray::from_iter_primitive::<UInt64Type, _, _>([Some(records)]);
        let amounts = self.0.values().map(|amount| Some(*amount));
        let amounts = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(amounts)]);
        Ok(vec![ScalarValue::List(Arc::new(records)), ScalarValue::List(Arc::new(amounts))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = self.0.values().fold(0_i64, |sum, amount| sum.saturating_add(*amount));
        Ok(ScalarValue::Int64((!self.0.is_empty()).then_some(sum)))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.0.capacity() * (size_of::<(u64, i64)>() + 1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::prelude::SessionContext;

    use crate::functions::register_all;
    use crate::functions::test_answer::answer;

    /// Each record twice, in other batches; groups, filters, nulls, two phases.
    #[tokio::test]
    async fn a_record_counts_once() {
        let rows = "SELECT n % 40 AS g, 'record ' || n AS r, CASE WHEN n % 13 = 0 THEN NULL ELSE n END AS b, n % 3 = 0 AS odd
                    FROM (SELECT unnest(generate_series(1, 5000)) AS n)";
        let twice = format!("({rows} UNION ALL {rows})");
        let ours = format!(
            "SELECT g, sum_once(b, r) AS a, sum_once(b, r) FILTER (WHERE odd) AS b FROM {twice} GROUP BY g ORDER BY g"
        );
        let theirs = format!(
            "SELECT g, sum(b) AS a, sum(b) FILTER (WHERE odd) AS b FROM ({rows}) GROUP BY g ORDER BY g"
        );
        assert_eq!(answer(&ours).await, answer(&theirs).await);
        let text = answer("SELECT sum_once(5, 'a') AS one, sum_once(NULL, 'a') AS none WHERE true").await;
        assert!(text.contains("| 5   |"), "{text}");
    }

    #[tokio::test]
    async fn other_arguments_are_refused() {
        let context = SessionContext::new();
        register_all(&context);
        let problem = context.sql("SELECT sum_once('a', 'b')").await.unwrap_err().to_string();
        assert!(problem.contains("sum_once takes an integer and the record"), "{problem}");
    }
}
