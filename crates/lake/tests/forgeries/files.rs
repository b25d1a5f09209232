//! Files, partitions and logs of tables.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use saltmine_lake::Table;
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;

use crate::Forgery;
use crate::forger::row_of;

pub(crate) fn forgeries() -> Vec<Forgery> {
    let forgery = |name, forge, check, says| Forgery { name, forge, check, says };
    vec![
        forgery(
            "rows moved to another day, without statistics of their times",
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
            "rows of one day put into a file of another day",
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
            "an uncommitted file added next to the others",
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
            "two columns exchanged by swapping their names",
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
            "a column changed to floating point with NaN",
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
            "a deletion vector, which makes other readers hide rows",
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
            "column mapping, which makes other readers exchange columns",
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
