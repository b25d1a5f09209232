//! Making datasets and tables, and giving tables the columns that they lack.

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
    /// Opens the dataset in the folder `path`, after making it where there is none. What a killed run left half made
    /// is completed.
    ///
    /// # Errors
    /// If the folder holds other things, or a dataset that is partitioned otherwise, or cannot be written.
    pub fn open_or_create(path: &Path, partition_by: PartitionBy) -> Result<Dataset, LakeError> {
        Self::open_or_create_unless(path, partition_by, &|| {}, None)
    }

    /// As [`Dataset::open_or_create`]; where another process has the lock that a new dataset is made under, `on_wait` is
    /// called once, and this waits until `stop` becomes true.
    pub(crate) fn open_or_create_unless(
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
    /// Makes the table `duplicates`, if it is not there.
    pub(crate) fn make_duplicates(&self) -> Result<(), LakeError> {
        let table = Table::Duplicates;
        if self.dataset().has(table)? {
            return Ok(());
        }
        delta_log::create(self.dataset().storage(), table, &table.file_schema(), &[])
    }

    /// Gives a table the columns that it lacks, as it was made by an earlier version. In its older files they are null.
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

/// Makes the tables that are missing, under the lock: several runs may start on an empty folder at once.
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
    let storage = storage::at(path)?; // a folder that exists has one true path
    let _lock = storage.lock(on_wait, stop)?;
    // Most of the time is waiting for what is written to last.
    Table::ALL.into_par_iter().try_for_each(|table| {
        if is_table(storage.as_ref(), table)? {
            return Ok(());
        }
        let schema = table.table_schema(partition_by);
        let partitions = if table == Table::Logs { partition_by.columns() } else { &[] };
        delta_log::create(&storage, table, &schema, partitions)
    })
}
