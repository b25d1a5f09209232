//! Aggregates based on HdrHistogram: mergeable quantiles, and histograms that other tools read.

mod groups;
mod values;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, DocSection, Documentation, GroupsAccumulator,
    Signature, Volatility,
};

use self::groups::{Groups, ResultKind, SingleGroup};

/// `hdr_quantile(value, q)`.
pub(super) fn hdr_quantile() -> AggregateUDF {
    let documentation = Documentation::builder(
        SECTION,
        "The q-quantile: the smallest value that at least the fraction q of the values do not exceed. At most \
         0.1 % too high; exact for up to 64 values and for the minimum and maximum. Takes integers, including \
         negative ones; nulls are ignored. The result does not depend on the number of threads",
        "hdr_quantile(total_time, 0.99)",
    )
    .with_argument("value", "Integer")
    .with_argument("q", "A literal from 0 to 1");
    AggregateUDF::from(HdrUdaf::new("hdr_quantile", documentation.build()))
}

/// `hdr_histogram(value)`.
pub(crate) fn hdr_histogram() -> AggregateUDF {
    let documentation = Documentation::builder(
        SECTION,
        "The histogram of the values in the text format of HdrHistogram's tools: its V2 encoding, deflated, \
         in base 64, with 3 significant digits. Takes integers; nulls are ignored, negative values are an error; null if there is no value",
        "hdr_histogram(total_time)",
    )
    .with_argument("value", "Integer");
    AggregateUDF::from(HdrUdaf::new("hdr_histogram", documentation.build()))
}

const SECTION: DocSection = DocSection { include: true, label: "HdrHistogram", description: None };

#[derive(Debug)]
struct HdrUdaf {
    name: &'static str,
    signature: Signature,
    documentation: Documentation,
}

impl HdrUdaf {
    fn new(name: &'static str, documentation: Documentation) -> Self {
        Self { name, signature: Signature::user_defined(Volatility::Immutable), documentation }
    }

    fn is_quantile(&self) -> bool {
        self.name == "hdr_quantile"
    }

    fn answer(&self, args: &AccumulatorArgs<'_>) -> Result<ResultKind> {
        if args.is_distinct {
            return plan_err!("{} does not support DISTINCT", self.name);
        }
        if !self.is_quantile() {
            return Ok(ResultKind::Histogram);
        }
        // Anything but a literal needs columns, and fails without them.
        let nothing = RecordBatch::new_empty(Arc::new(Schema::empty()));
        let value = args.exprs.get(1).map(|q| q.evaluate(&nothing));
        match value {
            Some(Ok(ColumnarValue::Scalar(ScalarValue::Float64(Some(q))))) if (0.0..=1.0).contains(&q) => {
                Ok(ResultKind::Quantile(q))
            }
            _ => plan_err!("hdr_quantile: q must be a literal from 0 to 1"),
        }
    }
}

impl PartialEq for HdrUdaf {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for HdrUdaf {}

impl std::hash::Hash for HdrUdaf {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl AggregateUDFImpl for HdrUdaf {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let (value, rest) = match given {
            [value, q] if self.is_quantile() && (q.is_numeric() || q.is_null()) => {
                (value, Some(DataType::Float64))
            }
            [value] if !self.is_quantile() => (value, None),
            _ if self.is_quantile() => {
                return plan_err!("hdr_quantile takes a value and a number from 0 to 1");
            }
            _ => return plan_err!("{} takes one value", self.name),
        };
        if !value.is_integer() && !value.is_null() {
            return plan_err!("{} takes integers, not {value}; cast the value", self.name);
        }
        Ok(std::iter::once(DataType::Int64).chain(rest).collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(if self.is_quantile() { DataType::Int64 } else { DataType::Utf8 })
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format_state_name(args.name, "histogram");
        Ok(vec![Arc::new(Field::new(name, DataType::Binary, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(SingleGroup::new(self.answer(&args)?)))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::new(self.answer(&args)?)))
    }

    fn order_sensitivity(&self) -> datafusion::logical_expr::utils::AggregateOrderSensitivity {
        datafusion::logical_expr::utils::AggregateOrderSensitivity::Insensitive
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}
