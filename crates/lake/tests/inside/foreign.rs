//! Tables that mean something else than their files show are refused.

use std::path::Path;

use serde_json::{Value, json};

#[cfg(unix)]
use super::support::make_fifo;
use super::support::{Source, ingest};
use crate::{Dataset, DatasetLock, LakeError, PartitionBy, Table};

fn dataset(folder: &Path) {
    let dataset = Dataset::open_or_create(folder, PartitionBy::EventDate).unwrap();
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    ingest(&lock, &[Source { id: 1, days: &[19_000], rows: 3, rejects: 1 }]).unwrap();
}

type Edit<'a> = &'a dyn Fn(&mut Value);

/// Edits each action of a table's log.
fn edit(folder: &Path, table: &str, edit: impl Fn(&mut Value)) {
    for entry in std::fs::read_dir(folder.join(table).join("_delta_log")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| {
            let mut action: Value = serde_json::from_str(line).unwrap();
            edit(&mut action);
            action.to_string()
        });
        std::fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
    }
}

#[test]
fn tables_that_other_readers_would_read_differently_are_refused() {
    let features = |features: &'static [&'static str]| {
        move |action: &mut Value| {
            if let Some(protocol) = action.get_mut("protocol") {
                *protocol = json!({
                    "minReaderVersion": 3, "minWriterVersion": 7,
                    "readerFeatures": features, "writerFeatures": features,
                });
            }
        }
    };
    let deleted = |action: &mut Value| {
        if let Some(add) = action.get_mut("add") {
            add["deletionVector"] = json!({
                "storageType": "i", "pathOrInlineDv": "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
                "sizeInBytes": 40, "cardinality": 1,
            });
        }
    };
    let mapped = |action: &mut Value| {
        if let Some(metadata) = action.get_mut("metaData") {
            metadata["configuration"]["delta.columnMapping.mode"] = json!("name");
        }
    };
    let version = |action: &mut Value| {
        if let Some(protocol) = action.get_mut("protocol") {
            protocol["minReaderVersion"] = json!(99);
        }
    };
    let with_feature = |action: &mut Value| {
        features(&["deletionVectors"])(action);
        deleted(action);
    };
    let edits: [(&str, Edit<'_>); 6] = [
        ("deletion vectors, without their feature", &deleted),
        ("deletion vectors", &with_feature),
        ("the feature alone", &features(&["deletionVectors"])),
        ("column mapping", &mapped),
        ("an unknown feature", &features(&["tomorrow"])),
        ("a later version", &version),
    ];
    for (what, change) in edits {
        for table in ["logs", "rejects", "sources"] {
            let folder = tempfile::tempdir().unwrap();
            dataset(folder.path());
            edit(folder.path(), table, change);
            let read = Dataset::open(folder.path())
                .and_then(|dataset| Table::ALL.iter().try_for_each(|table| dataset.files(*table).map(drop)));
            let error = read.expect_err(what);
            assert!(matches!(error, LakeError::Foreign { .. } | LakeError::Delta { .. }), "{what}: {error}");
        }
    }
}

#[test]
fn a_log_that_names_a_file_outside_its_table_is_refused() {
    for name in ["../rejects/x.parquet", "_delta_log/x.parquet", "/etc/hostname", "..%2F..%2Fx.parquet"] {
        let folder = tempfile::tempdir().unwrap();
        dataset(folder.path());
        edit(folder.path(), "logs", |action| {
            if let Some(add) = action.get_mut("add") {
                add["path"] = json!(name);
            }
        });
        let files = Dataset::open(folder.path()).and_then(|dataset| dataset.files(Table::Logs));
        assert!(
            matches!(files, Err(LakeError::Foreign { .. } | LakeError::Delta { .. })),
            "{name}: {files:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_link_or_a_fifo_in_the_place_of_a_data_file_is_not_opened() {
    use std::os::unix::fs::symlink;
    type Plant = fn(&Path, &Path);
    let fifo: Plant = |_, at| make_fifo(at);
    let link: Plant = |moved, at| symlink(moved, at).unwrap();
    for plant in [fifo, link] {
        let folder = tempfile::tempdir().unwrap();
        let (root, moved) = (folder.path().join("dataset"), folder.path().join("moved"));
        dataset(&root);
        for table in [Table::Logs, Table::Sources] {
            let file = Dataset::open(&root).unwrap().files(table).unwrap().remove(0).path;
            std::fs::rename(&file, &moved).unwrap();
            plant(&moved, &file);
            let dataset = Dataset::open(&root).unwrap();
            let files = dataset.files(table).map(drop);
            assert!(matches!(files, Err(LakeError::Foreign { .. })), "{files:?}");
            if table == Table::Sources {
                let known = dataset.known_sources().map(drop);
                assert!(matches!(known, Err(LakeError::Foreign { .. })), "{known:?}");
            }
            std::fs::remove_file(&file).unwrap();
            std::fs::rename(&moved, &file).unwrap();
        }
        // In the log itself too, where its reader would block forever.
        let commit = root.join("logs/_delta_log/00000000000000000001.json");
        std::fs::rename(&commit, &moved).unwrap();
        plant(&moved, &commit);
        assert!(matches!(Dataset::open(&root), Err(LakeError::Foreign { .. })));
    }
}
