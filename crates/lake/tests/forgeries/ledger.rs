//! False statements about sources in the ledger.

use arrow::compute::concat_batches;
use saltmine_lake::Table;
use serde_json::json;

use crate::forger::with;
use crate::{Forgery, lines, plant, sha256};

pub(crate) fn forgeries() -> Vec<Forgery> {
    let forgery = |name, forge, check, says| Forgery { name, forge, check, says };
    let rows = "rows_are_their_lines";
    vec![
        forgery(
            "a ledger row planted so that a future file is skipped as known",
            |case| {
                let text = lines(900..950);
                case.write("new", &text);
                plant(case, "new", &sha256(text.as_bytes()), 50, 0);
            },
            "ledger_recounted",
            "\"new\": rows in the ledger: 0, but the source has 50",
        ),
        forgery(
            "the same, with all its counts right",
            |case| {
                let text = lines(900..950);
                case.write("new", &text);
                plant(case, "new", &sha256(text.as_bytes()), 50, 50);
            },
            rows,
            "\"new\" line 1: the line produces a row, but it is missing from the table",
        ),
        forgery(
            "a ledger row duplicated",
            |case| {
                case.edit_ledger(|ledger| {
                    concat_batches(&ledger.schema(), &[ledger.clone(), ledger.slice(0, 1)]).unwrap()
                })
            },
            "contents_once",
            "have the same content",
        ),
        forgery(
            "the hash of a source changed in the ledger",
            |case| case.edit_ledger(|ledger| with(&ledger, 0, "sha256", &json!("cd".repeat(32)))),
            "sources_unchanged",
            "and it does not start with the content that was read",
        ),
        forgery(
            "a source declared truncated",
            |case| case.edit_ledger(|ledger| with(&ledger, 0, "state", &json!("truncated"))),
            "ledger_recounted",
            "state in the ledger: \"truncated\", but the source is complete",
        ),
        forgery(
            "the first time of a source changed in the ledger",
            |case| case.edit_ledger(|ledger| with(&ledger, 0, "first_time", &json!(5))),
            "ledger_recounted",
            "the first time in the ledger is Some(5)",
        ),
        forgery(
            "huge line numbers in ledger and row",
            |case| {
                let most = (1_i64 << 60) - 60;
                case.edit_counts("log-0", &[("lines", most), ("blanks", most)]);
                case.edit_row(Table::Logs, "log-0", 60, "log_line", &json!(1_i64 << 60));
            },
            rows,
            "\"log-0\" line 60: the line produces a row, but it is missing from the table",
        ),
    ]
}
