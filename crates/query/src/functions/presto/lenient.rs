//! `TRY(…)`: what fails within it is null.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Cast, Expr, TryCast};

use super::native::{Kind, Native, NativeUdf};

/// The name `try`, for the planner. [`Try`] takes it away before anything runs.
pub(super) const FUNCTION: Native = Native {
    name: "try",
    arguments: &[("value", Kind::Any)],
    optional: 0,
    returns: Kind::Any,
    help: (
        "The value, or null where it cannot be had. As in Presto, but only for casts and for texts that are no times; \
         other errors stay errors",
        "TRY(CAST(totaltime AS bigint))",
    ),
    body: |args, _, _| Ok(args[0].clone()),
    simplify: None,
};

/// Makes every cast within `TRY` one that gives null, and every function that reads a time likewise.
#[derive(Debug)]
pub(super) struct Try;

impl FunctionRewrite for Try {
    fn name(&self) -> &str {
        "try"
    }

    fn rewrite(&self, expr: Expr, _: &DFSchema, _: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Expr::ScalarFunction(mut call) = expr else { return Ok(Transformed::no(expr)) };
        if call.func.name() != FUNCTION.name || call.args.len() != 1 {
            return Ok(Transformed::no(Expr::ScalarFunction(call)));
        }
        let inner = call.args.remove(0).transform_up(|inner| Ok(lenient(inner)))?;
        Ok(Transformed::yes(inner.data))
    }
}

fn lenient(expr: Expr) -> Transformed<Expr> {
    match expr {
        Expr::Cast(Cast { expr, field }) => Transformed::yes(Expr::TryCast(TryCast { expr, field })),
        Expr::ScalarFunction(mut call) => match call.func.inner().downcast_ref::<NativeUdf>() {
            Some(function) => {
                call.func = std::sync::Arc::new(function.lenient());
                Transformed::yes(Expr::ScalarFunction(call))
            }
            None => Transformed::no(Expr::ScalarFunction(call)),
        },
        expr => Transformed::no(expr),
    }
}
