//! Rejects and duplicates.

use saltmine_lake::Table;
use serde_json::json;

use crate::forger::{number, text};
use crate::{Forgery, declare};

pub(crate) fn forgeries() -> Vec<Forgery> {
    let forgery = |name, forge, check, says| Forgery { name, forge, check, says };
    let rejects = "rejects_are_their_lines";
    vec![
        forgery(
            "the text of a reject changed",
            |case| case.edit_row(Table::Rejects, "log-0", 21, "raw", &json!("no log lime")),
            rejects,
            "\"log-0\" line 21: raw is \"no log lime\", the line says \"no log line\"",
        ),
        forgery(
            "the bytes of a reject changed",
            |case| case.edit_row(Table::Rejects, "log-1.gz", 51, "raw_bytes", &json!("no line")),
            rejects,
            "\"log-1.gz\" line 51: raw_bytes is ",
        ),
        forgery(
            "a reject deleted and counted as blank",
            |case| {
                case.delete(Table::Rejects, |name, _| name == "log-0");
                case.edit_counts("log-0", &[("rejects", -1), ("blanks", 1)]);
            },
            rejects,
            "\"log-0\" line 21: the line produces a reject, but it is missing from the table",
        ),
        forgery(
            "a row wrongly declared a duplicate",
            |case| {
                case.delete(Table::Logs, |name, line| name == "log-0" && line == 50);
                declare(case, "log-0", 50, "log-0", 49);
            },
            "duplicates_are_equal",
            "\"log-0\" line 50 was removed as a duplicate of \"log-0\" line 49, but differs from it",
        ),
        forgery(
            "the row deleted for which duplicates were removed",
            |case| {
                case.delete(Table::Logs, |name, line| name == "log-0" && line == 4);
                declare(case, "log-0", 4, "log-0", 4);
            },
            "duplicates_are_equal",
            "\"log-0\" line 4 was removed as a duplicate of \"log-0\" line 4, but differs from it",
        ),
        forgery(
            "rows declared duplicates of each other, so that none is kept",
            |case| {
                case.delete(Table::Logs, |name, line| name == "log-0" && line == 4);
                declare(case, "log-0", 4, "log-3", 4 + 1);
            },
            "duplicates_are_kept",
            "\"log-0\" line 4 was removed as a duplicate of \"log-3\" line 5, a later line",
        ),
        forgery(
            "a row of duplicates repeated, and another row deleted",
            |case| {
                let batch = case.rows(Table::Duplicates, 0);
                let (name, line) = (text(&batch, "log_file", 0).unwrap(), number(&batch, "log_line", 0));
                let (same, same_line) =
                    (text(&batch, "same_as_file", 0).unwrap(), number(&batch, "same_as_line", 0));
                declare(case, name, line, same, same_line);
            },
            "duplicates_are_equal",
            ", but differs from it",
        ),
    ]
}
