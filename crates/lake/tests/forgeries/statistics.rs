//! Statistics, bounds and bloom filters that hide rows from filters.

use parquet::bloom_filter::Sbbf;
use parquet::data_type::ByteArray;
use parquet::file::metadata::ColumnIndexBuilder;
use parquet::file::statistics::{Statistics, ValueStatistics};
use saltmine_lake::Table;
use serde_json::{Value, json};

use crate::{Forgery, forge_file};

pub(crate) fn forgeries() -> Vec<Forgery> {
    let forgery = |name, forge, check, says| Forgery { name, forge, check, says };
    vec![
        forgery(
            "times narrowed in the log's statistics, so that filters skip the rows",
            |case| {
                case.edit_statistics(Table::Logs, |statistics| {
                    statistics["maxValues"]["request_time"] = json!("2026-05-01T00:00:00.000Z");
                });
            },
            "statistics_true",
            "maxValues of \"request_time\" in the log",
        ),
        forgery(
            "fewer rows in the log's statistics, from which rows are counted",
            |case| case.edit_statistics(Table::Logs, |statistics| statistics["numRecords"] = json!(1)),
            "statistics_true",
            "numRecords in the log is 1, but should be ",
        ),
        forgery(
            "statistics removed from the log",
            |case| {
                case.edit_log(Table::Logs, |action| {
                    if let Some(add) = action.get_mut("add").and_then(Value::as_object_mut) {
                        add.remove("stats");
                    }
                });
            },
            "statistics_true",
            "the log has no numRecords for the file",
        ),
        forgery(
            "nulls added in the log's statistics",
            |case| {
                case.edit_statistics(Table::Logs, |statistics| {
                    statistics["nullCount"]["requester"] = json!(9)
                })
            },
            "statistics_true",
            "nullCount of \"requester\" in the log",
        ),
        forgery(
            "bounds in a file's own footer narrowed",
            |case| {
                forge_file(case, Table::Logs, |name, close| {
                    if name == "operation" {
                        let bound = |text: &str| Some(ByteArray::from(text));
                        let bounds = ValueStatistics::new(bound("A"), bound("B"), None, Some(0), false);
                        let bounds =
                            Statistics::ByteArray(bounds.with_min_is_exact(false).with_max_is_exact(false));
                        let metadata = close.metadata.clone().into_builder();
                        close.metadata = metadata.set_statistics(bounds).build().unwrap();
                    }
                });
            },
            "statistics_true",
            "operation: the maximum value in the footer is \"B\", but should be \"REST.GET.OBJECT\"",
        ),
        forgery(
            "a bloom filter emptied, so that a request id is not found",
            |case| {
                forge_file(case, Table::Logs, |name, close| {
                    if name == "request_id" {
                        close.bloom_filter = Some(Sbbf::new(&[0; 32]));
                    }
                });
            },
            "statistics_true",
            "request_id: the bloom filter lacks a value",
        ),
        forgery(
            "bounds of pages narrowed, so that a file's rejects are not found",
            |case| {
                forge_file(case, Table::Rejects, |name, close| {
                    if name == "log_file" {
                        let mut index = ColumnIndexBuilder::new(parquet::basic::Type::BYTE_ARRAY);
                        index.append(false, b"z".to_vec(), b"z".to_vec(), 0);
                        close.column_index = Some(index.build().unwrap());
                    }
                });
            },
            "statistics_true",
            "log_file: the bounds of page 0 in the index do not match its values",
        ),
        forgery(
            "page row counts changed in the page index",
            |case| {
                forge_file(case, Table::Logs, |name, close| {
                    if name == "key" {
                        let index = close.offset_index.as_mut().unwrap();
                        index.page_locations[0].first_row_index = 1;
                    }
                });
            },
            "statistics_true",
            "key: the row counts of the page index differ from those of the pages",
        ),
    ]
}
