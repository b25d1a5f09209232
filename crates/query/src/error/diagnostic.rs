//! Positions of SQL errors: the message, the line, and carets under the offending text.

use std::fmt;

use datafusion::common::Location;

/// Maximum number of characters shown of a line.
const MAX_SHOWN: usize = 100;
/// Maximum number of these before the error.
const MAX_BEFORE: usize = 60;

/// The position of an error in a statement, with an excerpt.
#[derive(Debug)]
pub struct SqlDiagnostic {
    /// The problem.
    pub message: String,
    /// Line in the SQL, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
    /// The line, shortened if it is long.
    excerpt: String,
    /// Start and length of the mark below the excerpt, in characters.
    mark: (usize, usize),
}

impl fmt::Display for SqlDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, length) = self.mark;
        writeln!(f, "line {}, column {}: {}", self.line, self.column, self.message)?;
        write!(f, "  {}\n  {:start$}{:^<length$}", self.excerpt, "", "")
    }
}

impl SqlDiagnostic {
    /// A message about `sql` from `start` to the column `end`, or to the end of the word. `None` if there is no
    /// such line.
    pub(crate) fn new(message: &str, sql: &str, start: Location, end: Option<u64>) -> Option<Self> {
        let (line, column) = (usize::try_from(start.line).ok()?, usize::try_from(start.column).ok()?);
        // Control characters and wide characters would shift the mark.
        let is_shown = |c: char| !c.is_control();
        let text: Vec<char> = sql
            .lines()
            .nth(line.checked_sub(1)?)?
            .chars()
            .map(|c| if is_shown(c) { c } else { ' ' })
            .collect();
        let from = column.checked_sub(1)?.min(text.len());
        let word = text[from..].iter().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).count();
        let length =
            end.and_then(|end| usize::try_from(end).ok()?.checked_sub(column)).unwrap_or(word).max(1);
        let skip = if text.len() > MAX_SHOWN { from.saturating_sub(MAX_BEFORE) } else { 0 };
        let shown: String = text[skip..].iter().take(MAX_SHOWN).collect();
        let mark = (from - skip, length.min(MAX_SHOWN - (from - skip).min(MAX_SHOWN - 1)));
        Some(Self { message: message.to_owned(), line, column, excerpt: shown, mark })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn render(sql: &str, line: u64, column: u64, end: Option<u64>) -> String {
        SqlDiagnostic::new("wrong", sql, Location { line, column }, end).unwrap().to_string()
    }

    #[test]
    fn errors_are_marked_in_the_statement() {
        assert_eq!(
            render("SELECT kee FROM logs", 1, 8, Some(11)),
            "line 1, column 8: wrong\n  SELECT kee FROM logs\n         ^^^"
        );
        assert_eq!(render("SELECT 1\nFRM logs", 2, 1, None), "line 2, column 1: wrong\n  FRM logs\n  ^^^");
        assert_eq!(render("a\tb", 1, 3, None), "line 1, column 3: wrong\n  a b\n    ^");
        assert_eq!(render("SELECT", 1, 99, None), "line 1, column 99: wrong\n  SELECT\n        ^");
        let long = format!("SELECT {} kee {}", "a, ".repeat(100), "b, ".repeat(100));
        let text = render(&long, 1, 309, None);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1].chars().count(), 102);
        assert_eq!(&lines[1][lines[2].find('^').unwrap()..][..3], "kee");
        assert!(SqlDiagnostic::new("wrong", "SELECT 1", Location { line: 7, column: 1 }, None).is_none());
        assert!(SqlDiagnostic::new("wrong", "SELECT 1", Location { line: 0, column: 0 }, None).is_none());
    }
}
