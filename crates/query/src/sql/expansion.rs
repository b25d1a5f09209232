//! The size of a statement after every use of a `WITH` is expanded. DataFusion plans each use separately, so
//! twenty-five lines that double each other become thirty million scans, and the plan alone takes all memory. The size
//! is computed before planning.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{ObjectName, Query, Visit, Visitor};

/// Number of tables and queries of a statement, each counted as often as it is used.
pub(super) fn expanded(statement: &Statement) -> u64 {
    match statement {
        Statement::Statement(statement) => {
            let mut counter = Counter { open: vec![0], ..Counter::default() };
            let ControlFlow::Continue(()) = statement.visit(&mut counter);
            counter.most
        }
        Statement::Explain(explain) => expanded(&explain.statement),
        _ => 0,
    }
}

#[derive(Default)]
struct Counter {
    /// Counts of the open queries so far, the innermost last.
    open: Vec<u64>,
    /// The names of the queries of a `WITH`, by address.
    names: HashMap<*const Query, String>,
    /// The size of a use of a name.
    uses: HashMap<String, u64>,
    most: u64,
}

impl Counter {
    fn add(&mut self, count: u64) {
        if let Some(innermost) = self.open.last_mut() {
            *innermost = innermost.saturating_add(count);
            self.most = self.most.max(*innermost);
        }
    }
}

/// The walk never stops early.
enum NoBreak {}

impl Visitor for Counter {
    type Break = NoBreak;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<NoBreak> {
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.names.insert(std::ptr::from_ref(&*table.query), table.alias.name.value.to_ascii_lowercase());
        }
        self.open.push(1);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<NoBreak> {
        let count = self.open.pop().unwrap_or_default();
        match self.names.remove(&std::ptr::from_ref(query)) {
            Some(name) => {
                self.uses.insert(name, count);
            }
            None => self.add(count),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<NoBreak> {
        let count = self.uses.get(&relation.to_string().to_ascii_lowercase()).copied().unwrap_or(1);
        self.add(count);
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::sql::parser::DFParser;

    use super::expanded;

    fn count(sql: &str) -> u64 {
        expanded(&DFParser::parse_sql(sql).unwrap()[0])
    }

    #[test]
    fn uses_are_multiplied() {
        assert_eq!(count("SELECT 1"), 1);
        assert_eq!(count("SELECT * FROM logs a JOIN logs b ON a.key = b.key"), 3);
        assert_eq!(count("WITH t AS (SELECT * FROM logs) SELECT * FROM t, T"), 5);
        let doubling = |levels: usize, wrap: &str| {
            let mut sql = "WITH a0 AS (SELECT 1)".to_owned();
            for level in 1..=levels {
                sql += &format!(", a{level} AS (SELECT * FROM a{0} UNION ALL SELECT * FROM a{0})", level - 1);
            }
            wrap.replace("{}", &format!("{sql} SELECT * FROM a{levels}"))
        };
        for wrap in [
            "{}",
            "EXPLAIN {}",
            "SELECT * FROM ({}) x",
            "SELECT 1 WHERE 1 IN ({})",
            "WITH b AS ({}) SELECT * FROM b",
        ] {
            assert!(count(&doubling(3, wrap)) < 60, "{wrap}");
            assert!(count(&doubling(25, wrap)) > 30_000_000, "{wrap}");
            assert!(count(&doubling(200, wrap)) > u64::MAX / 2, "{wrap}");
        }
    }
}
