//! Creates datasets and tables, and adds missing columns to tables.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use arrow::datatypes::Schema;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::commit::delta_log;
use crate::commit::writer::DatasetLock;
use crate::error::LakeError;
use crate::storage;
use crate::table::dataset::{Dataset, has_all_tables};
use crate::table::delta_log::{is_table, read};
use crate::table::layout::{PartitionBy, Table};

impl Dataset {
    /// Opens the dataset in the folder `path`, creating it if necessary. Completes a dataset that a killed
    /// run left half created.
    ///
    /// # Errors
    /// If the folder contains other things or a dataset with another partitioning, or cannot be written.
    pub fn open_or_create(path: &Path, partition_by: PartitionBy) -> Result<Dataset, LakeError> {
        Self::open_or_create_unless_stopped(path, partition_by, &|| {}, None)
    }

    /// Like [`Dataset::open_or_create`]. If another process holds the lock for creating the dataset, calls
    /// `on_wait` once and waits until `stop` becomes true.
    pub(crate) fn open_or_create_unless_stopped(
        path: &Path,
        partition_by: PartitionBy,
        on_wait: &dyn Fn(),
        stop: Option<&AtomicBool>,
    ) -> Result<Dataset, LakeError> {
        if !has_all_tables(storage::at(path)?.as_ref())? {
            create(path, partition_by, on_wait, stop)?;
        }
        let dataset = Dataset::open(path)?;
        if dataset.partition_by() != partition_by {
            return Err(LakeError::Partitioning {
                path: path.to_path_buf(),
                found: dataset.partition_by().columns().join(","),
                wanted: partition_by.columns().join(","),
            });
        }
        Ok(dataset)
    }
}

impl DatasetLock<'_> {
    /// Creates the table `duplicates` if it does not exist.
    pub(crate) fn make_duplicates(&self) -> Result<(), LakeError> {
        let table = Table::Duplicates;
        if self.dataset().has(table)? {
            return Ok(());
        }
        delta_log::create(self.dataset().storage(), table, &table.file_schema(), &[])
    }

    /// Adds the columns that a table from an earlier version lacks. They are null in its older files.
    pub(crate) fn add_columns(&self, table: Table) -> Result<(), LakeError> {
        let storage = self.dataset().storage();
        let has = read(storage.as_ref(), table)?.columns;
        let schema = table.table_schema(self.dataset().partition_by());
        let lacks: Vec<_> =
            schema.fields().iter().filter(|field| !has.contains(field.name())).cloned().collect();
        if lacks.is_empty() {
            return Ok(());
        }
        delta_log::add_columns(storage, table, &Schema::new(lacks))
    }
}

/// Creates the missing tables, under the lock: several runs may start on an empty folder at once.
fn create(
    path: &Path,
    partition_by: PartitionBy,
    on_wait: &dyn Fn(),
    stop: Option<&AtomicBool>,
) -> Result<(), LakeError> {
    let storage = storage::at(path)?;
    let entries = storage.list_root()?;
    let is_table_name = |name: &str| Table::ALL.iter().any(|table| table.name() == name);
    let was_begun = entries.iter().any(|entry| entry.name == storage.state().as_str());
    if !was_begun && entries.iter().any(|entry| !is_table_name(&entry.name)) {
        return Err(LakeError::NotEmpty(path.to_path_buf()));
    }
    storage.make_root()?;
    let storage = storage::at(path)?; // an existing folder has one canonical path
    let _lock = storage.lock(on_wait, stop)?;
    // Most of the time is spent waiting for syncs.
    Table::ALL.into_par_iter().try_for_each(|table| {
        if is_table(storage.as_ref(), table)? {
            return Ok(());
        }
        let schema = table.table_schema(partition_by);
        let partitions = if table == Table::Logs { partition_by.columns() } else { &[] };
        delta_log::create(&storage, table, &schema, partitions)
    })
}
