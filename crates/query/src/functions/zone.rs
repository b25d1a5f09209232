//! `CAST(time AT TIME ZONE zone AS timestamp)` gives the wall clock of the zone, in Athena as in the SQL standard.
//! Arrow's cast drops the zone and keeps the UTC clock.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::functions::datetime::expr_fn::to_local_time;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable};

/// Rewrites casts from zoned to zoneless timestamps to use the zone's wall clock.
#[derive(Debug)]
pub(super) struct WallClock;

impl FunctionRewrite for WallClock {
    fn name(&self) -> &str {
        "wall clock of a zone"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Expr::Cast(cast) = &expr else { return Ok(Transformed::no(expr)) };
        if !matches!(cast.field.data_type(), DataType::Timestamp(_, None)) {
            return Ok(Transformed::no(expr));
        }
        match cast.expr.get_type(schema) {
            Ok(DataType::Timestamp(_, Some(zone))) if !matches!(&*zone, "UTC" | "Z" | "+00:00") => {
                let local = to_local_time(vec![(*cast.expr).clone()]);
                let cast = Cast { expr: Box::new(local), field: cast.field.clone() };
                Ok(Transformed::yes(Expr::Cast(cast)))
            }
            _ => Ok(Transformed::no(expr)),
        }
    }
}
