//! Parser and planner errors with their position in the SQL.

use datafusion::common::Location;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;

use crate::error::{QueryError, SqlDiagnostic, describe};
use crate::nearest::nearest;
use crate::tables::table_names;

/// Adds the position in the SQL and a suggested name to a planner error.
pub(crate) fn locate(error: DataFusionError, sql: &str, context: &SessionContext) -> QueryError {
    let mut message = describe(&error);
    if let Some(name) = missing_table(&message) {
        let known = table_names(context);
        message = match nearest(&name, known.iter().map(String::as_str)) {
            Some(nearest) => format!("there is no table {name}; did you mean {nearest}?"),
            None => format!("there is no table {name}; the tables are {}", known.join(", ")),
        };
    }
    let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
    let place = match span {
        Some(span) => Some((span.start, (span.end.line == span.start.line).then_some(span.end.column))),
        None => place_in(&mut message).map(|start| (start, None)),
    };
    let found = place.and_then(|(start, end)| SqlDiagnostic::new(&message, sql, start, end));
    found.map_or(QueryError::Sql(error), |found| QueryError::Statement(Box::new(found)))
}

/// The name in DataFusion's message for a missing table, without the default catalog and schema.
fn missing_table(message: &str) -> Option<String> {
    let name = message.strip_prefix("table '")?.split_once('\'')?.0;
    message.ends_with("not found").then(|| name.trim_start_matches("datafusion.public.").to_owned())
}

/// Removes the parser's position from a message and returns it.
fn place_in(message: &mut String) -> Option<Location> {
    let at = message.find(" at Line: ")?;
    let mut numbers = message[at..].split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let (line, column) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    message.truncate(at);
    Some(Location { line, column })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn places_and_tables_are_read_off_messages() {
        let mut message = "Expected: a, found: b at Line: 3, Column: 14".to_owned();
        assert_eq!(place_in(&mut message), Some(Location { line: 3, column: 14 }));
        assert_eq!(message, "Expected: a, found: b");
        assert_eq!(missing_table("table 'datafusion.public.logz' not found").as_deref(), Some("logz"));
        assert_eq!(missing_table("something else"), None);
    }
}
