//! A dataset from before the ledger had columns for objects.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Schema;

use super::support::{Source, ingest, parquet_batches};
use crate::commit::delta_log::{self, Change};
use crate::storage::path::hex;
use crate::table::delta_log::{FileEntry, read};
use crate::table::ledger::{ledger_batches, object_id, sources_schema};
use crate::table::table_file::write_table_file;
use crate::{CompactOptions, Dataset, DatasetLock, PartitionBy, SourceEntry, Table, compact};

const OLD: Source = Source { id: 1, days: &[], rows: 0, rejects: 0 };

/// A dataset whose table `sources` has one row, and lacks `url` and `etag`.
fn old(folder: &Path) -> Dataset {
    let dataset = Dataset::open_or_create(folder, PartitionBy::EventDate).unwrap();
    let (sources, storage) = (dataset.root().join("sources"), dataset.storage());
    let schema = sources_schema();
    let old: Vec<_> = (0..schema.index_of("url").unwrap()).collect();
    let schema: Schema = schema.project(&old).unwrap();
    std::fs::remove_dir_all(&sources).unwrap();
    delta_log::create(storage, Table::Sources, &schema, &[]).unwrap();
    let entries = [OLD.entry()];
    let batches = ledger_batches(&entries, "run", 5).map(|batch| Ok(batch?.project(&old)?));
    let written = write_table_file(&sources.join("old.parquet"), Arc::new(schema), batches).unwrap();
    let file = FileEntry {
        path: "old.parquet".into(),
        partition: Default::default(),
        size: written.size,
        sha256: Some(hex(&written.sha256)),
        statistics: Some(written.statistics),
    };
    let change =
        Change { transaction: "old", add: vec![file], remove: vec![], drops_rows: false, notes: vec![] };
    delta_log::apply(storage, Table::Sources, change).unwrap();
    dataset
}

#[test]
fn older_ledgers_get_the_columns_of_objects() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = old(folder.path());
    let columns = || read(dataset.storage().as_ref(), Table::Sources).unwrap().columns;
    assert!(!columns().contains(&"etag".to_owned()));
    assert_eq!(dataset.known_sources().unwrap().len(), 1);
    assert!(dataset.known_objects().unwrap().is_empty());

    DatasetLock::acquire(&dataset, &|| {}).unwrap().add_columns(Table::Sources).unwrap();
    let version = dataset.version(Table::Sources).unwrap();
    DatasetLock::acquire(&dataset, &|| {}).unwrap().add_columns(Table::Sources).unwrap();
    assert_eq!(dataset.version(Table::Sources).unwrap(), version, "they are added once");
    assert_eq!(columns().last().unwrap(), "etag");

    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    let object = SourceEntry {
        url: Some("s3://b/k".into()),
        etag: Some("e".into()),
        ..Source { id: 2, ..OLD }.entry()
    };
    lock.begin().unwrap().commit(vec![], vec![], vec![object]).unwrap();
    ingest(&lock, &[Source { id: 3, ..OLD }]).unwrap();
    drop(lock);
    let check = || {
        assert_eq!(dataset.known_sources().unwrap().len(), 3);
        let known = dataset.known_objects().unwrap();
        // Lists and responses may have the ETag in quotes.
        assert!(known.len() == 1 && known.contains(&object_id("s3://b/k", "\"e\"", 100)));
    };
    check();
    compact(&dataset, &CompactOptions::default(), &|| {}).unwrap();
    check();
    let files = dataset.files(Table::Sources).unwrap();
    let batches = parquet_batches(&files[0].path);
    assert_eq!((files.len(), batches[0].num_rows()), (1, 3));
    let urls = arrow::compute::cast(
        batches[0].column_by_name("url").unwrap(),
        &arrow::datatypes::DataType::Utf8View,
    );
    assert_eq!(urls.unwrap().as_string_view().null_count(), 2);
}
