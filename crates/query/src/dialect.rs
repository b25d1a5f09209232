//! What published queries write, and the parser takes for something else.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Ident, OrderByExpr, OrderByKind, Query, VisitMut, VisitorMut};

/// Makes columns of what were columns in the text.
pub(crate) fn repair(statement: &mut Statement) {
    match statement {
        Statement::Statement(statement) => {
            let _ = statement.visit(&mut Repair);
        }
        Statement::Explain(explain) => repair(&mut explain.statement),
        _ => {}
    }
}

struct Repair;

impl VisitorMut for Repair {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(order_by) = &mut query.order_by
            && let OrderByKind::Expressions(keys) = &mut order_by.kind
        {
            keys.iter_mut().for_each(order_by_interval);
        }
        ControlFlow::Continue(())
    }
}

/// `ORDER BY interval ASC`, of a column that is called so, is read as an interval of `ASC`.
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
