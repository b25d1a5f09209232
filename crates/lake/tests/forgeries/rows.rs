//! Rows of logs that differ from their lines.

use arrow::compute::concat_batches;
use saltmine_lake::Table;
use serde_json::{Value, json};

use crate::forger::{number, row_of, with};
use crate::{Forgery, HIDDEN, copy_row, forget, plant, rename, renamed};

pub(crate) fn forgeries() -> Vec<Forgery> {
    let forgery = |name, forge, check, says| Forgery { name, forge, check, says };
    let rows = "rows_are_their_lines";
    vec![
        forgery(
            "the requester changed in one row",
            |case| case.edit_row(Table::Logs, "log-0", 8, "requester", &json!(HIDDEN)),
            rows,
            "\"log-0\" line 8: requester is \"arn:aws:iam::111122223333:user/innocent\", the line says \
             \"arn:aws:iam::111122223333:user/u2\"",
        ),
        forgery(
            "a number changed in one row",
            |case| case.edit_row(Table::Logs, "log-1.gz", 3, "bytes_sent", &json!(1)),
            rows,
            "\"log-1.gz\" line 3: bytes_sent is \"1\", the line says \"102\"",
        ),
        forgery(
            "a time moved by a microsecond",
            |case| {
                let index = case.file_of(Table::Logs, "log-0", 9);
                let batch = case.rows(Table::Logs, index);
                let row = row_of(&batch, "log-0", 9).unwrap();
                let time = number(&batch, "request_time", row) + 1;
                case.replace(Table::Logs, index, &with(&batch, row, "request_time", &json!(time)));
            },
            rows,
            "\"log-0\" line 9: request_time is ",
        ),
        forgery(
            "null changed to an empty text",
            |case| case.edit_row(Table::Logs, "log-0", 1, "error_code", &json!("")),
            rows,
            "\"log-0\" line 1: error_code is \"\", the line says null",
        ),
        forgery(
            "the anomaly of a line removed",
            |case| case.edit_row(Table::Logs, "log-0", 2, "anomaly", &Value::Null),
            rows,
            "\"log-0\" line 2: anomaly is null, the line says ",
        ),
        forgery(
            "the requester of every row changed, with an extra ledger row of no lines for each source",
            |case| {
                for index in 0..case.dataset().files(Table::Logs).unwrap().len() {
                    let mut batch = case.rows(Table::Logs, index);
                    for row in 0..batch.num_rows() {
                        batch = with(&batch, row, "requester", &json!(HIDDEN));
                    }
                    case.replace(Table::Logs, index, &batch);
                }
                case.edit_ledger(|ledger| {
                    let mut more = ledger.clone();
                    for row in 0..more.num_rows() {
                        more = with(&more, row, "sha256", &json!(format!("{row:064x}")));
                        for count in ["size", "inflated_size", "lines", "rows", "rejects", "blanks"] {
                            more = with(&more, row, count, &json!(0));
                        }
                    }
                    concat_batches(&ledger.schema(), &[ledger, more]).unwrap()
                });
            },
            rows,
            "\"log-0\" line 1: requester is \"arn:aws:iam::111122223333:user/innocent\"",
        ),
        forgery(
            "rows deleted and counted as blanks",
            |case| {
                case.delete(Table::Logs, |name, line| name == "log-0" && line > 30);
                case.edit_counts("log-0", &[("rows", -30), ("blanks", 30)]);
            },
            rows,
            "\"log-0\" line 31: the line produces a row, but it is missing from the table",
        ),
        forgery(
            "all rows of a source deleted and counted as blanks",
            |case| {
                case.delete(Table::Logs, |name, _| name == "log-1.gz");
                case.edit_counts("log-1.gz", &[("rows", -50), ("blanks", 50)]);
            },
            "ledger_recounted",
            "\"log-1.gz\": rows in the ledger: 0, but the source has 50",
        ),
        forgery(
            "a source removed: its rows and its ledger row deleted",
            |case| {
                case.delete(Table::Logs, |name, _| name == "log-1.gz");
                case.delete(Table::Rejects, |name, _| name == "log-1.gz");
                forget(case, "log-1.gz");
            },
            "sources_all_read",
            "\"log-1.gz\": not in the dataset",
        ),
        forgery(
            "a row invented in place of a blank line",
            |case| {
                copy_row(case, "log-0", 5, "log-0", 22);
                case.edit_counts("log-0", &[("rows", 1), ("blanks", -1)]);
            },
            rows,
            "\"log-0\" line 22: the table has a row that the line does not produce",
        ),
        forgery(
            "a row duplicated in place of another",
            |case| {
                case.delete(Table::Logs, |name, line| name == "log-0" && line == 40);
                copy_row(case, "log-0", 39, "log-0", 39);
            },
            rows,
            "\"log-0\" line 39: the row is in the table more than once",
        ),
        forgery(
            "the lines of two rows exchanged",
            |case| {
                case.edit_row(Table::Logs, "log-0", 41, "log_line", &json!(-1));
                case.edit_row(Table::Logs, "log-0", 42, "log_line", &json!(41));
                case.edit_row(Table::Logs, "log-0", -1, "log_line", &json!(42));
            },
            rows,
            "\"log-0\" line 41: ",
        ),
        forgery(
            "a row moved to another source",
            |case| {
                case.edit_row(Table::Logs, "log-0", 60, "log_file", &json!("log-3"));
                case.edit_counts("log-0", &[("rows", -1), ("blanks", 1)]);
                case.edit_counts("log-3", &[("rows", 1), ("lines", 1)]);
            },
            rows,
            "\"log-0\" line 60: the line produces a row, but it is missing from the table",
        ),
        forgery(
            "two sources exchanged, in rows, rejects and ledger",
            |case| {
                for table in [Table::Logs, Table::Rejects] {
                    rename(case, table, &[("log-0", "log-1.gz"), ("log-1.gz", "log-0")]);
                }
                case.edit_ledger(|ledger| renamed(&ledger, &[("log-0", "log-1.gz"), ("log-1.gz", "log-0")]));
            },
            "sources_unchanged",
            "\"log-1.gz\": its rows come from \"log-0\"; \"log-1.gz\" is a different file now",
        ),
        forgery(
            "rows of an invented source added, with a ledger row",
            |case| {
                let index = case.file_of(Table::Logs, "log-0", 12);
                let batch = case.rows(Table::Logs, index);
                let row = batch.slice(row_of(&batch, "log-0", 12).unwrap(), 1);
                case.add(Table::Logs, index, &with(&row, 0, "log_file", &json!("log-9")));
                plant(case, "log-9", &"ab".repeat(32), 1, 1);
            },
            "sources_unchanged",
            "\"log-9\": not among the sources",
        ),
    ]
}
