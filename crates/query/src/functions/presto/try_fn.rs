//! `TRY(…)`: errors within it become null.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::functions::core::expr_fn::nullif;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, ExprSchemable, Operator, TryCast, lit};

use super::typed_function::{Kind, TypedFunction, TypedUdf};
use crate::functions::arithmetic;

/// The function `try`, for the planner. [`Try`] removes it before execution.
pub(super) const FUNCTION: TypedFunction = TypedFunction {
    name: "try",
    arguments: &[("value", Kind::Any)],
    optional: 0,
    returns: Kind::Any,
    help: (
        "The value, or null on error: for casts, texts that are not times, division by zero, and integers that do \
         not fit. Other errors remain errors, while Presto returns null",
        "TRY(CAST(totaltime AS bigint))",
    ),
    body: |args, _, _| Ok(args[0].clone()),
    simplify: None,
};

/// Rewrites every cast, division, checked operator and own function within `TRY` to return null on error.
#[derive(Debug)]
pub(super) struct Try;

impl FunctionRewrite for Try {
    fn name(&self) -> &str {
        "try"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Expr::ScalarFunction(mut call) = expr else { return Ok(Transformed::no(expr)) };
        if call.func.name() != FUNCTION.name || call.args.len() != 1 {
            return Ok(Transformed::no(Expr::ScalarFunction(call)));
        }
        let inner = call.args.remove(0).transform_up(|inner| Ok(lenient(inner, schema)))?;
        Ok(Transformed::yes(inner.data))
    }
}

fn lenient(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    match expr {
        Expr::Cast(Cast { expr, field }) => Transformed::yes(Expr::TryCast(TryCast { expr, field })),
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::Divide | Operator::Modulo), right })
            if is_exact(&left, schema) && is_exact(&right, schema) =>
        {
            let divisor = nullif(*right, lit(0_i64));
            Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right: Box::new(divisor) }))
        }
        Expr::ScalarFunction(mut call) => {
            if let Some(call) = arithmetic::lenient(&call) {
                return Transformed::yes(Expr::ScalarFunction(call));
            }
            match call.func.inner().downcast_ref::<TypedUdf>() {
                Some(function) => {
                    call.func = Arc::new(function.lenient());
                    Transformed::yes(Expr::ScalarFunction(call))
                }
                None => Transformed::no(Expr::ScalarFunction(call)),
            }
        }
        expr => Transformed::no(expr),
    }
}

/// Whether division by zero is an error, which it is not for floating-point numbers.
fn is_exact(side: &Expr, schema: &DFSchema) -> bool {
    side.get_type(schema).is_ok_and(|kind| kind.is_integer() || kind.is_decimal())
}
