//! `FROM t CROSS JOIN UNNEST(split(key, '/')) AS u (part)`: expands a list in each row to rows. DataFusion supports
//! `unnest` of a column in SELECT, but UNNEST in FROM only if it does not depend on another table.

use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, OrderBy, Select, SetExpr, Statement as SqlStatement,
    TableAlias, TableFactor, TableWithJoins, Visit, VisitMut, Visitor, VisitorMut,
};

const ADVICE: &str = "UNNEST beside other tables can be written as SELECT …, unnest(list) AS part FROM (…)";

/// A table of unnested rows.
pub(super) struct Unnested {
    /// Its alias in the statement.
    alias: Ident,
    /// The table that its columns belong to now.
    table: Ident,
}

impl Unnested {
    /// Renames columns qualified with the alias to the table they belong to now.
    pub(super) fn rename_in(&self, order_by: &mut Option<OrderBy>) {
        let _ = VisitMut::visit(order_by, &mut Rename(self));
    }
}

struct Rename<'a>(&'a Unnested);

impl VisitorMut for Rename<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::CompoundIdentifier(parts) = expr
            && let [alias, _] = &mut parts[..]
            && is_same(alias, &self.0.alias)
        {
            *alias = self.0.table.clone();
        }
        ControlFlow::Continue(())
    }
}

fn is_same(a: &Ident, b: &Ident) -> bool {
    if a.quote_style.is_some() || b.quote_style.is_some() {
        return a.value == b.value;
    }
    a.value.eq_ignore_ascii_case(&b.value)
}

/// Rewrites the FROM of a SELECT; `None` if it has no list that depends on a table.
///
/// # Errors
/// If it has one that cannot be rewritten.
pub(super) fn unnest(select: &mut Select) -> Result<Option<Unnested>, String> {
    let Some(lists) = take_lists(&mut select.from) else { return Ok(None) };
    let TableFactor::UNNEST {
        alias: Some(alias),
        array_exprs,
        with_offset: false,
        with_ordinality: false,
        ..
    } = lists
    else {
        return Err(format!("UNNEST without an alias and names of columns, or WITH ORDINALITY; {ADVICE}"));
    };
    let [TableWithJoins { relation, joins }] = &mut select.from[..] else { return Err(ADVICE.to_owned()) };
    if !joins.is_empty() || alias.columns.len() != array_exprs.len() {
        return Err(ADVICE.to_owned());
    }
    let table = name_of(relation).ok_or(ADVICE)?;
    let columns: Vec<String> = array_exprs
        .iter()
        .zip(&alias.columns)
        .map(|(list, column)| format!("unnest({list}) AS {}", column.name))
        .collect();
    let sql = format!("SELECT {table}.*, {} FROM {relation}", columns.join(", "));
    *relation = derived_table(&sql, table.clone()).ok_or(ADVICE)?;
    let unnested = Unnested { alias: alias.name, table };
    let _ = VisitMut::visit(select, &mut Rename(&unnested));
    Ok(Some(unnested))
}

/// Removes the first UNNEST with lists that use columns from a FROM.
fn take_lists(from: &mut Vec<TableWithJoins>) -> Option<TableFactor> {
    if let Some(at) = from.iter().position(|table| table.joins.is_empty() && depends(&table.relation))
        && from.len() > 1
    {
        return Some(from.remove(at).relation);
    }
    for table in from {
        let is_cross = |operator: &JoinOperator| {
            matches!(
                operator,
                JoinOperator::CrossJoin(JoinConstraint::None) | JoinOperator::Join(JoinConstraint::None)
            )
        };
        let at = table.joins.iter().position(|join| is_cross(&join.join_operator) && depends(&join.relation));
        if let Some(at) = at {
            return Some(table.joins.remove(at).relation);
        }
    }
    None
}

fn depends(relation: &TableFactor) -> bool {
    let TableFactor::UNNEST { array_exprs, .. } = relation else { return false };
    array_exprs.iter().any(|list| Visit::visit(list, &mut Columns).is_break())
}

/// Stops at the first column.
struct Columns;

impl Visitor for Columns {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// The name by which columns of a table are qualified.
fn name_of(relation: &TableFactor) -> Option<Ident> {
    match relation {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Some(alias.name.clone())
        }
        TableFactor::Table { name, alias: None, .. } => name.0.last()?.as_ident().cloned(),
        _ => None,
    }
}

/// A SELECT as a table.
fn derived_table(sql: &str, name: Ident) -> Option<TableFactor> {
    let Some(Statement::Statement(statement)) = DFParser::parse_sql(sql).ok()?.pop_back() else {
        return None;
    };
    let SqlStatement::Query(subquery) = *statement else { return None };
    matches!(*subquery.body, SetExpr::Select(_)).then_some(())?;
    let alias = Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None });
    Some(TableFactor::Derived { lateral: false, subquery, alias, sample: None })
}
