//! Presto's aggregates, rewritten to DataFusion's or our own.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, not_impl_err, plan_err};
use datafusion::functions_aggregate::approx_percentile_cont::approx_percentile_cont_udaf;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, Sort};
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, DocSection, Documentation, Expr, Signature, Volatility, lit,
};

use crate::functions::histogram::hdr_quantile;

/// All aggregates.
pub(super) fn all() -> [AggregateUDF; 4] {
    [
        RewrittenAggregate::udaf(
            Kind::ApproxPercentile,
            "The value at a fraction of the values. Integers give an integer, computed by hdr_quantile; other numbers by \
             approx_percentile_cont. As in Presto, but without weights and without arrays of fractions",
            "approx_percentile(total_time, 0.95)",
        ),
        RewrittenAggregate::udaf(
            Kind::CountIf,
            "The number of rows for which the argument is true; as in Presto",
            "count_if(http_status >= 400)",
        ),
        RewrittenAggregate::udaf(
            Kind::MaxBy,
            "The value in the row with the maximum of another; any of them in case of a tie. As in Presto, \
             but without the argument n",
            "max_by(key, object_size)",
        ),
        RewrittenAggregate::udaf(
            Kind::MinBy,
            "The value in the row with the minimum of another; any of them in case of a tie. As in Presto, but \
             without the argument n",
            "min_by(key, request_time)",
        ),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    ApproxPercentile,
    CountIf,
    MaxBy,
    MinBy,
}

/// An aggregate that the optimizer rewrites to another one.
#[derive(Debug)]
struct RewrittenAggregate {
    kind: Kind,
    signature: Signature,
    documentation: Documentation,
}

impl RewrittenAggregate {
    fn udaf(kind: Kind, help: &str, example: &str) -> AggregateUDF {
        let section = DocSection { include: true, label: "Presto and Athena", description: None };
        let documentation = Documentation::builder(section, help, example).build();
        let signature = Signature::user_defined(Volatility::Immutable);
        AggregateUDF::from(Self { kind, signature, documentation })
    }
}

impl PartialEq for RewrittenAggregate {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for RewrittenAggregate {}

impl std::hash::Hash for RewrittenAggregate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
    }
}

impl AggregateUDFImpl for RewrittenAggregate {
    fn name(&self) -> &str {
        match self.kind {
            Kind::ApproxPercentile => "approx_percentile",
            Kind::CountIf => "count_if",
            Kind::MaxBy => "max_by",
            Kind::MinBy => "min_by",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match (self.kind, given) {
            (Kind::ApproxPercentile, [value, share]) if value.is_numeric() && share.is_numeric() => {
                let value = if value.is_integer() { DataType::Int64 } else { DataType::Float64 };
                Ok(vec![value, DataType::Float64])
            }
            (Kind::ApproxPercentile, _) => {
                plan_err!("approx_percentile takes a number and a fraction from 0 to 1")
            }
            (Kind::CountIf, [DataType::Boolean | DataType::Null]) => Ok(vec![DataType::Boolean]),
            (Kind::CountIf, _) => plan_err!("count_if takes a boolean"),
            (Kind::MaxBy | Kind::MinBy, [_, _]) => Ok(given.to_vec()),
            (Kind::MaxBy | Kind::MinBy, _) => plan_err!("{} takes two values", self.name()),
        }
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            Kind::CountIf => DataType::Int64,
            _ => given.first().cloned().unwrap_or(DataType::Null),
        })
    }

    fn is_nullable(&self) -> bool {
        self.kind != Kind::CountIf
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        // The optimizer has rewritten it, except in window functions.
        not_impl_err!("{} cannot be used with OVER", self.name())
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        let kind = self.kind;
        Some(Box::new(move |mut call, info| {
            let params = &mut call.params;
            match (kind, &mut params.args[..]) {
                (Kind::ApproxPercentile, [value, _]) => {
                    let is_integer = info.get_data_type(value)?.is_integer();
                    call.func =
                        if is_integer { Arc::new(hdr_quantile()) } else { approx_percentile_cont_udaf() };
                }
                (Kind::CountIf, [condition]) => {
                    let condition = std::mem::replace(condition, lit(1_i64));
                    params.filter = and(params.filter.take(), condition);
                    call.func = count_udaf();
                }
                (Kind::MaxBy | Kind::MinBy, [_, by]) => {
                    let by = by.clone();
                    params.args.truncate(1);
                    params.filter = and(params.filter.take(), by.clone().is_not_null());
                    params.order_by = vec![Sort::new(by, kind == Kind::MinBy, false)];
                    call.func = first_value_udaf();
                }
                _ => return plan_err!("{} has wrong arguments", call.func.name()),
            }
            Ok(Expr::AggregateFunction(AggregateFunction { func: call.func, params: call.params }))
        }))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

fn and(filter: Option<Box<Expr>>, condition: Expr) -> Option<Box<Expr>> {
    Some(Box::new(match filter {
        Some(filter) => filter.and(condition),
        None => condition,
    }))
}
