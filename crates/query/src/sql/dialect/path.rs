//! `"$path"`, a hidden column of Athena's tables that `SELECT *` leaves out: the file of a row.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::common::TableReference;
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, Statement, TableAlias, TableFactor, Visit, VisitMut, Visitor, VisitorMut,
};

use crate::tables::views::{is_athena, with_path};

/// Adds the column to the Athena views of a statement that uses it.
pub(super) async fn add_path_column(statement: &mut Statement, context: &SessionContext) {
    let mut looked = PathUse::default();
    let _ = Visit::visit(&*statement, &mut looked);
    if !looked.named {
        return;
    }
    let mut views = HashSet::new();
    for name in looked.tables {
        let reference = TableReference::parse_str(&name);
        if context.table_provider(reference).await.is_ok_and(|table| is_athena(&table.schema())) {
            views.insert(name);
        }
    }
    let _ = VisitMut::visit(statement, &mut Replace(views));
}

/// Whether the column is used, and which tables are.
#[derive(Default)]
struct PathUse {
    named: bool,
    tables: HashSet<String>,
}

impl Visitor for PathUse {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let last = match expr {
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(parts) => parts.last(),
            _ => None,
        };
        self.named |= last.is_some_and(|name| name.value == "$path");
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        self.tables.insert(name.to_string());
        ControlFlow::Continue(())
    }
}

struct Replace(HashSet<String>);

impl VisitorMut for Replace {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor
            && self.0.contains(&name.to_string())
        {
            let last = name.0.last().and_then(|part| part.as_ident()).cloned();
            if let (None, Some(last)) = (&alias, last) {
                *alias = Some(TableAlias { explicit: true, name: last, columns: Vec::new(), at: None });
            }
            let parts = with_path().map(|part| Ident::with_quote('"', part));
            *name = ObjectName::from(parts.to_vec());
        }
        ControlFlow::Continue(())
    }
}
