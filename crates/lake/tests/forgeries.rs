//! Forgeries of a dataset by somebody who can write to all of it and to none of its sources, and who makes every hash,
//! size, count and statistic anew. Each is found, and named.

#![allow(clippy::unwrap_used)]

mod forger;

use std::fs;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema};
use forger::{Case, add, details, failed, gzip, line, number, parquet, read, row_of, text, with};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::bloom_filter::Sbbf;
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::file::metadata::{ColumnIndexBuilder, PageIndexPolicy};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::file::writer::SerializedFileWriter;
use saltmine_lake::{CompactOptions, Table, compact};
use serde_json::{Value, json};

fn lines(range: std::ops::Range<usize>) -> String {
    range.map(|number| line(number) + "\n").collect()
}

/// Four sources, of which one has grown, one repeats lines of another, and all have something that does not read.
fn base() -> Case {
    let case = Case::new();
    case.write("log-0", format!("{}no log line\n\n{}", lines(0..20), lines(20..58)));
    let mut bytes = lines(100..150).into_bytes();
    bytes.extend(b"no \xFF line\n");
    case.write("log-1.gz", gzip(&bytes));
    case.write("log-2", lines(200..230));
    case.write("log-3", lines(0..10) + &lines(300..320));
    case.ingest();
    case.write("log-2", lines(200..245));
    case.ingest();
    compact(&case.dataset(), &CompactOptions { dedup: true, ..Default::default() }, &|| {}).unwrap();
    case
}

/// A forgery: what is done, by which check it is to be found at least, and what that says.
struct Forgery {
    name: &'static str,
    forge: fn(&Case),
    check: &'static str,
    says: &'static str,
}

const HIDDEN: &str = "arn:aws:iam::111122223333:user/innocent";

fn forgeries() -> Vec<Forgery> {
    let forgery = |name, forge, check, says| Forgery { name, forge, check, says };
    let rows = "rows_are_their_lines";
    let rejects = "rejects_are_their_lines";
    vec![
        forgery(
            "a requester changed in one row",
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
            "null made an empty text",
            |case| case.edit_row(Table::Logs, "log-0", 1, "error_code", &json!("")),
            rows,
            "\"log-0\" line 1: error_code is \"\", the line says null",
        ),
        forgery(
            "the mark of an odd line taken off",
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
            "rows deleted, and counted as blanks",
            |case| {
                case.delete(Table::Logs, |name, line| name == "log-0" && line > 30);
                case.edit_counts("log-0", &[("rows", -30), ("blanks", 30)]);
            },
            rows,
            "\"log-0\" line 31: the line gives a row, and it is missing from the table",
        ),
        forgery(
            "all rows of a source deleted, and counted as blanks",
            |case| {
                case.delete(Table::Logs, |name, _| name == "log-1.gz");
                case.edit_counts("log-1.gz", &[("rows", -50), ("blanks", 50)]);
            },
            "ledger_recounted",
            "\"log-1.gz\": the ledger says 0 rows, the source has 50",
        ),
        forgery(
            "a source forgotten: its rows and its ledger row deleted",
            |case| {
                case.delete(Table::Logs, |name, _| name == "log-1.gz");
                case.delete(Table::Rejects, |name, _| name == "log-1.gz");
                forget(case, "log-1.gz");
            },
            "sources_all_read",
            "\"log-1.gz\": not in the dataset",
        ),
        forgery(
            "a row invented, in place of a blank line",
            |case| {
                copy_row(case, "log-0", 5, "log-0", 22);
                case.edit_counts("log-0", &[("rows", 1), ("blanks", -1)]);
            },
            rows,
            "\"log-0\" line 22: the table has a row that the line does not give",
        ),
        forgery(
            "a row doubled in place of another",
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
            "\"log-0\" line 60: the line gives a row, and it is missing from the table",
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
            "\"log-1.gz\": its rows are those of \"log-0\"; \"log-1.gz\" is another file",
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
        forgery(
            "a ledger row planted, so that a file to come is skipped as known",
            |case| {
                let text = lines(900..950);
                case.write("new", &text);
                plant(case, "new", &sha256(text.as_bytes()), 50, 0);
            },
            "ledger_recounted",
            "\"new\": the ledger says 0 rows, the source has 50",
        ),
        forgery(
            "the same, with all its counts right",
            |case| {
                let text = lines(900..950);
                case.write("new", &text);
                plant(case, "new", &sha256(text.as_bytes()), 50, 50);
            },
            rows,
            "\"new\" line 1: the line gives a row, and it is missing from the table",
        ),
        forgery(
            "a ledger row doubled",
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
            "and it does not begin with what was read",
        ),
        forgery(
            "a source said to be cut",
            |case| case.edit_ledger(|ledger| with(&ledger, 0, "state", &json!("truncated"))),
            "ledger_recounted",
            "the ledger says \"truncated\", the source is complete",
        ),
        forgery(
            "the first time of a source changed in the ledger",
            |case| case.edit_ledger(|ledger| with(&ledger, 0, "first_time", &json!(5))),
            "ledger_recounted",
            "the first time in the ledger is Some(5)",
        ),
        forgery(
            "numbers of lines that no memory holds, in ledger and row",
            |case| {
                let most = (1_i64 << 60) - 60;
                case.edit_counts("log-0", &[("lines", most), ("blanks", most)]);
                case.edit_row(Table::Logs, "log-0", 60, "log_line", &json!(1_i64 << 60));
            },
            rows,
            "\"log-0\" line 60: the line gives a row, and it is missing from the table",
        ),
        forgery(
            "a text changed in a line that does not read",
            |case| case.edit_row(Table::Rejects, "log-0", 21, "raw", &json!("no log lime")),
            rejects,
            "\"log-0\" line 21: raw is \"no log lime\", the line says \"no log line\"",
        ),
        forgery(
            "the bytes changed of a line that does not read",
            |case| case.edit_row(Table::Rejects, "log-1.gz", 51, "raw_bytes", &json!("no line")),
            rejects,
            "\"log-1.gz\" line 51: raw_bytes is ",
        ),
        forgery(
            "a line that does not read deleted, and counted as blank",
            |case| {
                case.delete(Table::Rejects, |name, _| name == "log-0");
                case.edit_counts("log-0", &[("rejects", -1), ("blanks", 1)]);
            },
            rejects,
            "\"log-0\" line 21: the line gives a reject, and it is missing from the table",
        ),
        forgery(
            "a row declared a duplicate that is none",
            |case| {
                case.delete(Table::Logs, |name, line| name == "log-0" && line == 50);
                declare(case, "log-0", 50, "log-0", 49);
            },
            "duplicates_are_equal",
            "\"log-0\" line 50 was removed for \"log-0\" line 49, but is not equal to it",
        ),
        forgery(
            "the row deleted that duplicates were removed for",
            |case| {
                case.delete(Table::Logs, |name, line| name == "log-0" && line == 4);
                declare(case, "log-0", 4, "log-0", 4);
            },
            "duplicates_are_equal",
            "\"log-0\" line 4 was removed for \"log-0\" line 4, but is not equal to it",
        ),
        forgery(
            "duplicates that are each other's, so that none is kept",
            |case| {
                case.delete(Table::Logs, |name, line| name == "log-0" && line == 4);
                declare(case, "log-0", 4, "log-3", 4 + 1);
            },
            "duplicates_are_kept",
            "\"log-0\" line 4 was removed for \"log-3\" line 5, a later line",
        ),
        forgery(
            "a row of duplicates doubled, and a row deleted for it",
            |case| {
                let batch = case.rows(Table::Duplicates, 0);
                let (name, line) = (text(&batch, "log_file", 0).unwrap(), number(&batch, "log_line", 0));
                let (same, same_line) =
                    (text(&batch, "same_as_file", 0).unwrap(), number(&batch, "same_as_line", 0));
                declare(case, name, line, same, same_line);
            },
            "duplicates_are_equal",
            ", but is not equal to it",
        ),
        forgery(
            "times narrowed in the log's statistics, so that filters pass over the rows",
            |case| {
                case.edit_statistics(Table::Logs, |statistics| {
                    statistics["maxValues"]["request_time"] = json!("2026-05-01T00:00:00.000Z");
                });
            },
            "statistics_true",
            "maxValues of \"request_time\" in the log",
        ),
        forgery(
            "fewer rows in the log's statistics, by which they are counted",
            |case| case.edit_statistics(Table::Logs, |statistics| statistics["numRecords"] = json!(1)),
            "statistics_true",
            "the log says that it has 1 rows",
        ),
        forgery(
            "statistics left out of the log",
            |case| {
                case.edit_log(Table::Logs, |action| {
                    if let Some(add) = action.get_mut("add").and_then(Value::as_object_mut) {
                        add.remove("stats");
                    }
                });
            },
            "statistics_true",
            "the log does not say how many rows it has",
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
            "operation: the footer says that the greatest value is \"B\", it is \"REST.GET.OBJECT\"",
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
            "log_file: the bounds of page 0 in the index are not those of its values",
        ),
        forgery(
            "the rows of pages counted otherwise in the index of pages",
            |case| {
                forge_file(case, Table::Logs, |name, close| {
                    if name == "key" {
                        let index = close.offset_index.as_mut().unwrap();
                        index.page_locations[0].first_row_index = 1;
                    }
                });
            },
            "statistics_true",
            "key: the index of pages counts other rows than the pages have",
        ),
        forgery(
            "rows said to be of another day, without statistics of their times",
            |case| {
                case.edit_statistics(Table::Logs, |statistics| {
                    for part in ["minValues", "maxValues"] {
                        statistics[part].as_object_mut().unwrap().remove("request_time");
                    }
                });
                case.edit_log(Table::Logs, |action| {
                    if let Some(date) = action.pointer_mut("/add/partitionValues/event_date") {
                        *date = json!("2026-01-01");
                    }
                });
            },
            "rows_in_their_partition",
            "it is not in the folder of its partition",
        ),
        forgery(
            "rows of one day put into a file of another",
            |case| {
                let batch = case.rows(Table::Logs, 0);
                case.delete(Table::Logs, |name, line| row_of(&batch, name, line).is_some());
                case.add(Table::Logs, 1, &batch);
            },
            "rows_in_their_partition",
            "its request times are from 2026-05-0",
        ),
        forgery(
            "a committed file deleted",
            |case| fs::remove_file(&case.dataset().files(Table::Logs).unwrap()[0].path).unwrap(),
            "files_present",
            "no such file",
        ),
        forgery(
            "a file that is not committed laid beside the others",
            |case| {
                let file = case.dataset().files(Table::Logs).unwrap().remove(0).path;
                fs::copy(&file, file.with_file_name("part-extra.parquet")).unwrap();
            },
            "no_other_files",
            "part-extra.parquet",
        ),
        forgery(
            "a file committed without a hash",
            |case| {
                case.edit_log(Table::Logs, |action| {
                    if let Some(add) = action.get_mut("add").and_then(Value::as_object_mut) {
                        add.remove("tags");
                    }
                });
            },
            "files_unchanged",
            "committed without a hash",
        ),
        forgery(
            "two columns exchanged by their names",
            |case| {
                let batch = case.rows(Table::Logs, 0);
                let fields = batch
                    .schema()
                    .fields()
                    .iter()
                    .map(|field| match field.name().as_str() {
                        "remote_ip" => field.as_ref().clone().with_name("requester"),
                        "requester" => field.as_ref().clone().with_name("remote_ip"),
                        _ => field.as_ref().clone(),
                    })
                    .collect::<Vec<Field>>();
                let schema = Arc::new(Schema::new(fields));
                case.replace(
                    Table::Logs,
                    0,
                    &RecordBatch::try_new(schema, batch.columns().to_vec()).unwrap(),
                );
            },
            "tables_readable",
            "a column \"requester\" of type Utf8, where the table's files have remote_ip",
        ),
        forgery(
            "a column made one of numbers with NaN",
            |case| {
                let batch = case.rows(Table::Logs, 0);
                let index = batch.schema().index_of("total_time").unwrap();
                let mut fields: Vec<Field> =
                    batch.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
                fields[index] = Field::new("total_time", DataType::Float64, true);
                let mut columns = batch.columns().to_vec();
                columns[index] = Arc::new(arrow::array::Float64Array::from(vec![f64::NAN; batch.num_rows()]));
                let schema = Arc::new(Schema::new(fields));
                case.replace(Table::Logs, 0, &RecordBatch::try_new(schema, columns).unwrap());
            },
            "tables_readable",
            "a column \"total_time\" of type Float64",
        ),
        forgery(
            "another type for a column in the log",
            |case| {
                case.edit_log(Table::Logs, |action| {
                    if let Some(Value::String(schema)) = action.pointer_mut("/metaData/schemaString") {
                        *schema = schema.replace(
                            "\"name\":\"bytes_sent\",\"type\":\"long\"",
                            "\"name\":\"bytes_sent\",\"type\":\"string\"",
                        );
                    }
                });
            },
            "columns_as_made",
            "logs: the log states a column \"bytes_sent\" of type string",
        ),
        forgery(
            "a deletion vector, with which other readers hide rows",
            |case| {
                case.edit_log(Table::Logs, |action| {
                    if let Some(add) = action.get_mut("add") {
                        add["deletionVector"] = json!({
                            "storageType": "u", "pathOrInlineDv": "ab^-aqEH.-t@S}K{vb[*k^", "offset": 4,
                            "sizeInBytes": 40, "cardinality": 6,
                        });
                    }
                });
            },
            "",
            "the table uses deletion vectors, which saltmine does not support",
        ),
        forgery(
            "column mapping, with which other readers exchange columns",
            |case| {
                case.edit_log(Table::Logs, |action| {
                    if let Some(metadata) = action.get_mut("metaData") {
                        metadata["configuration"]["delta.columnMapping.mode"] = json!("name");
                    }
                });
            },
            "",
            "the table uses column mapping, which saltmine does not support",
        ),
        forgery(
            "a newer reader protocol",
            |case| {
                case.edit_log(Table::Logs, |action| {
                    if let Some(protocol) = action.get_mut("protocol") {
                        *protocol = json!({
                            "minReaderVersion": 3, "minWriterVersion": 7,
                            "readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"],
                        });
                    }
                });
            },
            "",
            "the table uses the reader features \"deletionVectors\", which saltmine does not support",
        ),
    ]
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;

    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Adds a ledger row of a source of `lines` lines, of which `rows` gave rows and the others are blank.
fn plant(case: &Case, name: &str, sha256: &str, lines: i64, rows: i64) {
    let size = fs::metadata(case.logs().join(name)).map_or(100, |metadata| metadata.len());
    case.edit_ledger(|ledger| {
        let mut row = ledger.slice(0, 1);
        let values = [
            ("log_file", json!(name)),
            ("sha256", json!(sha256)),
            ("size", json!(size)),
            ("inflated_size", json!(size)),
            ("lines", json!(lines)),
            ("rows", json!(rows)),
            ("rejects", json!(0)),
            ("blanks", json!(lines - rows)),
        ];
        for (column, value) in &values {
            row = with(&row, 0, column, value);
        }
        concat_batches(&ledger.schema(), &[ledger, row]).unwrap()
    });
}

/// Takes a source out of the ledger.
fn forget(case: &Case, name: &str) {
    case.edit_ledger(|ledger| {
        let kept: BooleanArray =
            (0..ledger.num_rows()).map(|row| Some(text(&ledger, "log_file", row) != Some(name))).collect();
        filter_record_batch(&ledger, &kept).unwrap()
    });
}

/// Adds a copy of a row, as of another line.
fn copy_row(case: &Case, name: &str, line: i64, to_name: &str, to_line: i64) {
    let index = case.file_of(Table::Logs, name, line);
    let batch = case.rows(Table::Logs, index);
    let row = batch.slice(row_of(&batch, name, line).unwrap(), 1);
    let row = with(&with(&row, 0, "log_file", &json!(to_name)), 0, "log_line", &json!(to_line));
    case.replace(Table::Logs, index, &concat_batches(&batch.schema(), &[batch.clone(), row]).unwrap());
}

/// Declares a row a duplicate.
fn declare(case: &Case, name: &str, line: i64, same: &str, same_line: i64) {
    let batch = case.rows(Table::Duplicates, 0);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![name])),
        Arc::new(Int64Array::from(vec![line])),
        Arc::new(StringArray::from(vec![same])),
        Arc::new(Int64Array::from(vec![same_line])),
    ];
    let row = RecordBatch::try_new(batch.schema(), columns).unwrap();
    case.replace(Table::Duplicates, 0, &concat_batches(&batch.schema(), &[batch.clone(), row]).unwrap());
}

fn renamed(batch: &RecordBatch, names: &[(&str, &str)]) -> RecordBatch {
    let mut changed = batch.clone();
    for row in 0..batch.num_rows() {
        let name = text(batch, "log_file", row).unwrap();
        if let Some((_, to)) = names.iter().find(|(from, _)| *from == name) {
            changed = with(&changed, row, "log_file", &json!(to));
        }
    }
    changed
}

fn rename(case: &Case, table: Table, names: &[(&str, &str)]) {
    for index in 0..case.dataset().files(table).unwrap().len() {
        // The order of files may change as they are replaced; a row is renamed twice at worst, which a test would see.
        let batch = case.rows(table, index);
        case.replace(table, index, &renamed(&batch, names));
    }
}

/// Writes a table's first file again, page by page, with what is said of each column changed.
fn forge_file(case: &Case, table: Table, forge: impl Fn(&str, &mut ColumnCloseResult)) {
    let path = case.dataset().files(table).unwrap().remove(0).path;
    let file = bytes::Bytes::from(fs::read(path).unwrap());
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).unwrap();
    let metadata = builder.metadata();
    let schema = metadata.file_metadata().schema_descr().root_schema_ptr();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let mut rows = writer.next_row_group().unwrap();
        for (column, chunk) in group.columns().iter().enumerate() {
            let column_index = metadata.column_index().map(|index| index[number][column].clone());
            let mut close = ColumnCloseResult {
                bytes_written: chunk.compressed_size() as u64,
                rows_written: group.num_rows() as u64,
                metadata: chunk.clone(),
                bloom_filter: builder.get_row_group_column_bloom_filter(number, column).unwrap(),
                column_index: column_index.filter(|index| !matches!(index, ColumnIndexMetaData::NONE)),
                offset_index: metadata.offset_index().map(|index| index[number][column].clone()),
            };
            forge(&chunk.column_path().string(), &mut close);
            rows.append_column(&file, close).unwrap();
        }
        rows.close().unwrap();
    }
    case.replace_bytes(table, 0, &writer.into_inner().unwrap());
}

#[test]
fn every_forgery_is_found_and_named() {
    let base = base();
    let honest = base.verify();
    assert_eq!(failed(&honest), Vec::<&str>::new(), "{}", details(&honest));
    assert!(honest.compared.unwrap().duplicates >= 40);
    let forgeries = forgeries();
    let mut missed = Vec::new();
    for (index, Forgery { name, forge, check, says }) in forgeries.iter().enumerate() {
        let case = base.copy();
        forge(&case);
        let (by, said) = match case.try_verify() {
            Ok(report) => (failed(&report).join(" "), details(&report)),
            Err(error) => (String::new(), error.to_string()),
        };
        let wanted = if check.is_empty() { (*says).to_owned() } else { format!("{check}: ") };
        let is_found = said.lines().any(|line| line.contains(&wanted) && line.contains(says));
        println!("{:2}. {} {name}: {by}", index + 1, if is_found { "found " } else { "MISSED" });
        if !is_found {
            missed.push(format!("{name}:\n{said}"));
        }
    }
    println!("{} of {} found", forgeries.len() - missed.len(), forgeries.len());
    assert!(forgeries.len() >= 25);
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

/// What the forgeries are made with makes datasets that pass, if nothing is changed in them: what is found is found by
/// what was changed.
#[test]
fn files_that_are_written_anew_without_a_change_pass() {
    let case = base();
    for table in [Table::Logs, Table::Rejects, Table::Duplicates] {
        for index in 0..case.dataset().files(table).unwrap().len() {
            case.replace(table, index, &case.rows(table, index));
        }
    }
    case.edit_ledger(|ledger| ledger);
    let report = case.verify();
    assert_eq!(failed(&report), Vec::<&str>::new(), "{}", details(&report));
    let case = base();
    for table in [Table::Logs, Table::Rejects, Table::Sources, Table::Duplicates] {
        forge_file(&case, table, |_, _| {});
    }
    let report = case.verify();
    assert_eq!(failed(&report), Vec::<&str>::new(), "{}", details(&report));
}

/// A dataset in which a source has another name throughout is told from an honest one by its report alone.
#[test]
fn a_source_that_has_another_name_throughout_is_named_in_the_verdict() {
    let case = base();
    for table in [Table::Logs, Table::Rejects] {
        rename(&case, table, &[("log-1.gz", "else")]);
    }
    case.edit_ledger(|ledger| renamed(&ledger, &[("log-1.gz", "else")]));
    let report = case.verify();
    assert_eq!(report.renamed.len(), 1, "{}", details(&report));
    assert!(report.verdict.contains("1 source has another name than when it was read"), "{}", report.verdict);
}

/// Rows that differ in more sources than are looked at row by row are counted all the same.
#[test]
fn many_sources_that_differ_are_counted() {
    let case = Case::new();
    for file in 0..30 {
        case.write(&format!("log-{file:02}"), lines(file * 10..file * 10 + 10));
    }
    case.ingest();
    for index in 0..case.dataset().files(Table::Logs).unwrap().len() {
        let mut batch = case.rows(Table::Logs, index);
        for row in 0..batch.num_rows() {
            batch = with(&batch, row, "remote_ip", &json!("192.0.2.1"));
        }
        case.replace(Table::Logs, index, &batch);
    }
    let report = case.verify();
    let check = report.checks.iter().find(|check| check.name == "rows_are_their_lines").unwrap();
    assert_eq!((check.examined, check.failures), (300, 20 * 10 + 10));
    assert_eq!(check.details.len(), 20);
    assert_eq!(check.details[19], "the rows of 10 sources more differ from their lines");
}

#[test]
fn the_toolkit_reads_what_it_writes() {
    let case = base();
    let batch = case.rows(Table::Logs, 0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, parquet(&batch)).unwrap();
    assert_eq!(read(&path), batch);
    let action = add("x", &parquet(&batch), json!({}));
    let statistics: Value = serde_json::from_str(action["add"]["stats"].as_str().unwrap()).unwrap();
    assert_eq!(statistics["numRecords"], json!(batch.num_rows()));
    assert!(!batch.column(0).is_empty());
}
