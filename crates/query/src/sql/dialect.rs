//! Rewrites syntax of published queries that the parser or DataFusion interprets differently.

mod path;
mod presto;
mod unnest;

use std::ops::ControlFlow;

use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, OrderByExpr, OrderByKind, Query, Select, VisitMut, VisitorMut,
};

/// Rewrites a statement to DataFusion's dialect.
///
/// # Errors
/// What is not supported, and what to write instead.
pub(crate) async fn repair(statement: &mut Statement, context: &SessionContext) -> Result<(), String> {
    match statement {
        Statement::Statement(statement) => {
            path::add_path_column(statement, context).await;
            match statement.visit(&mut Repair::default()) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(problem) => Err(problem),
            }
        }
        Statement::Explain(explain) => Box::pin(repair(&mut explain.statement, context)).await,
        _ => Ok(()),
    }
}

#[derive(Default)]
struct Repair {
    unnested: Vec<unnest::Unnested>,
}

impl VisitorMut for Repair {
    type Break = String;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<String> {
        if let Some(order_by) = &mut query.order_by
            && let OrderByKind::Expressions(keys) = &mut order_by.kind
        {
            keys.iter_mut().for_each(order_by_interval);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<String> {
        // ORDER BY is outside the SELECT with the tables.
        for unnested in &self.unnested {
            unnested.rename_in(&mut query.order_by);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<String> {
        match unnest::unnest(select) {
            Ok(unnested) => self.unnested.extend(unnested),
            Err(problem) => return ControlFlow::Break(problem),
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        match presto::translate(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(problem) => ControlFlow::Break(problem),
        }
    }
}

// `ORDER BY interval ASC` with a column `interval` is parsed as an interval of `ASC`.
fn order_by_interval(key: &mut OrderByExpr) {
    let Expr::Interval(interval) = &key.expr else { return };
    let Expr::Identifier(word) = interval.value.as_ref() else { return };
    let is_plain = interval.leading_field.is_none() && word.quote_style.is_none();
    let is_ascending = match word.value.to_ascii_lowercase().as_str() {
        "asc" if is_plain => true,
        "desc" if is_plain => false,
        _ => return,
    };
    key.options.asc = Some(is_ascending);
    key.expr = Expr::Identifier(Ident::new("interval"));
}
