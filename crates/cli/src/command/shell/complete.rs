//! Completion of tables, columns, functions, keywords and catalogue names.

use rustyline::completion::Completer;
use rustyline::{Context, Helper, Highlighter, Hinter, Validator};
use saltmine_query::Session;
use saltmine_query::catalogue::Catalogue;
use saltmine_query::datafusion::common::TableReference;
use tokio::runtime::Runtime;

use crate::error::CliError;

const KEYWORDS: &[&str] = &[
    "ALL",
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS JOIN",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FILTER",
    "FROM",
    "FULL JOIN",
    "GROUP BY",
    "HAVING",
    "ILIKE",
    "IN",
    "INNER JOIN",
    "INTERSECT",
    "INTERVAL",
    "IS NOT NULL",
    "IS NULL",
    "JOIN",
    "LEFT JOIN",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "NULLS FIRST",
    "NULLS LAST",
    "OFFSET",
    "ON",
    "OR",
    "ORDER BY",
    "OVER",
    "PARTITION BY",
    "SELECT",
    "SHOW",
    "THEN",
    "TIMESTAMP",
    "TRUE",
    "UNION",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WITH",
];

const COMMANDS: &[&str] = &["\\d", "\\run", "\\format", "\\timing", "\\q", "\\?"];

/// The words that can be completed.
#[derive(Helper, Highlighter, Hinter, Validator)]
pub(super) struct Words {
    /// Sorted.
    sql: Vec<String>,
    tables: Vec<String>,
    queries: Vec<String>,
}

impl Words {
    /// Collects the words of a session and a catalogue.
    pub(super) fn for_session(
        runtime: &Runtime,
        session: &Session,
        catalogue: &Catalogue,
    ) -> Result<Self, CliError> {
        let tables = tables(session);
        let mut sql: Vec<String> = KEYWORDS.iter().map(|word| (*word).to_owned()).collect();
        for table in &tables {
            if let Ok(frame) = runtime.block_on(session.context().table(TableReference::from(table.as_str())))
            {
                sql.extend(frame.schema().fields().iter().map(|field| field.name().clone()));
            }
        }
        let state = session.context().state();
        let functions = state.scalar_functions().keys().chain(state.aggregate_functions().keys());
        sql.extend(functions.chain(state.window_functions().keys()).map(|name| format!("{name}(")));
        sql.extend(tables.iter().cloned());
        sql.sort();
        sql.dedup();
        Ok(Self { sql, tables, queries: catalogue.queries().map(|query| query.name.clone()).collect() })
    }

    /// The start of the word at the cursor, and its completions.
    fn candidates(&self, before: &str) -> (usize, Vec<String>) {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let is_name = |c: char| is_part(c) || c == '-';
        let begin = |is_in: &dyn Fn(char) -> bool| {
            before
                .char_indices()
                .rev()
                .take_while(|(_, c)| is_in(*c))
                .last()
                .map_or(before.len(), |(at, _)| at)
        };
        let (start, words): (usize, Vec<&str>) = if let Some(line) = before.strip_prefix('\\') {
            match line.split_once(' ') {
                None => (0, COMMANDS.to_vec()),
                Some(("run", _)) => (begin(&is_name), self.queries.iter().map(String::as_str).collect()),
                Some(("d", _)) => (begin(&is_part), self.tables.iter().map(String::as_str).collect()),
                Some(_) => (before.len(), Vec::new()),
            }
        } else {
            (begin(&is_part), self.sql.iter().map(String::as_str).collect())
        };
        let typed = before[start..].to_lowercase();
        let fits = |word: &&str| !typed.is_empty() && word.to_lowercase().starts_with(&typed);
        (start, words.into_iter().filter(fits).map(str::to_owned).collect())
    }
}

/// Names of the tables, with their schema unless it is the default one.
fn tables(session: &Session) -> Vec<String> {
    let context = session.context();
    let mut names = Vec::new();
    for catalog in context.catalog_names().into_iter().filter_map(|name| context.catalog(&name)) {
        for schema in catalog.schema_names().into_iter().filter(|name| name != "information_schema") {
            let tables = catalog.schema(&schema).map(|schema| schema.table_names()).unwrap_or_default();
            let name = |table: String| if schema == "public" { table } else { format!("{schema}.{table}") };
            names.extend(tables.into_iter().map(name));
        }
    }
    names.sort();
    names
}

impl Completer for Words {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(line.get(..at).unwrap_or(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_depend_on_the_position() {
        let words = Words {
            sql: ["SELECT", "logs", "remote_ip", "requester", "split_part("].map(String::from).to_vec(),
            tables: vec!["athena.s3_access_logs".into(), "logs".into()],
            queries: vec!["mass-delete".into()],
        };
        for (before, start, found) in [
            ("sel", 0, &["SELECT"][..]),
            ("SELECT re", 7, &["remote_ip", "requester"]),
            ("SELECT ", 7, &[]),
            ("\\run mass-d", 5, &["mass-delete"]),
            ("\\d ath", 3, &["athena.s3_access_logs"]),
            ("\\ti", 0, &["\\timing"]),
        ] {
            let (at, candidates) = words.candidates(before);
            assert_eq!(
                (at, candidates.as_slice()),
                (start, found.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>().as_slice()),
                "{before}"
            );
        }
    }
}
