//! Making datasets and tables, and giving tables the columns that they lack.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use arrow::datatypes::Schema;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use saltmine_s3::S3Url;

use crate::commit::delta_log;
use crate::commit::writer::{DatasetLock, take_lock};
use crate::error::LakeError;
use crate::storage::{self, disk, is_remote};
use crate::table::dataset::{Dataset, has_all_tables, root_in_bucket};
use crate::table::delta_log::{is_table, read};
use crate::table::layout::{self, PartitionBy, Table};

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
        if !has_all_tables(path)? {
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
        let root = self.dataset().root();
        let tmp = layout::tmp_folder(root);
        delta_log::create(&table.folder(root), &tmp, table.name(), &table.file_schema(), &[])?;
        if is_remote(root) { Ok(()) } else { disk::sync_folder(root) }
    }

    /// Gives a table the columns that it lacks, as it was made by an earlier version. In its older files they are null.
    pub(crate) fn add_columns(&self, table: Table) -> Result<(), LakeError> {
        let root = self.dataset().root();
        let folder = table.folder(root);
        let has = read(&folder)?.columns;
        let schema = table.table_schema(self.dataset().partition_by());
        let lacks: Vec<_> =
            schema.fields().iter().filter(|field| !has.contains(field.name())).cloned().collect();
        if lacks.is_empty() {
            return Ok(());
        }
        delta_log::add_columns(&folder, &layout::tmp_folder(root), &Schema::new(lacks))
    }
}

/// Makes the tables that are missing, under the lock: several runs may start on an empty folder at once.
fn create(
    path: &Path,
    partition_by: PartitionBy,
    on_wait: &dyn Fn(),
    stop: Option<&AtomicBool>,
) -> Result<(), LakeError> {
    let occupied = || -> std::io::Result<bool> {
        let ours = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            layout::state_folder(path).file_name() == Some(&name)
                || Table::ALL.iter().any(|table| table.name() == name)
        };
        Ok(fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?.iter().any(|entry| !ours(entry)))
    };
    if let Some(url) = S3Url::of_path(path) {
        root_in_bucket(&url)?;
        if is_occupied_in_bucket(path)? {
            return Err(LakeError::NotEmpty(path.to_path_buf()));
        }
    } else {
        let fresh = !layout::state_folder(path).exists();
        if fresh && path.exists() && occupied().map_err(LakeError::io("list", path))? {
            return Err(LakeError::NotEmpty(path.to_path_buf()));
        }
        disk::make_folder(path)?;
    }
    let _lock = take_lock(path, on_wait, stop)?;
    // Most of the time is waiting for what is written to last.
    Table::ALL.into_par_iter().try_for_each(|table| {
        let folder = table.folder(path);
        if is_table(&folder)? {
            return Ok(());
        }
        let schema = table.table_schema(partition_by);
        let partitions = if table == Table::Logs { partition_by.columns() } else { &[] };
        delta_log::create(&folder, &layout::tmp_folder(path), table.name(), &schema, partitions)
    })?;
    if is_remote(path) { Ok(()) } else { disk::sync_folder(path) }
}

/// Whether a folder of S3 holds other things than a dataset.
fn is_occupied_in_bucket(path: &Path) -> Result<bool, LakeError> {
    let state =
        format!("{}/", layout::state_folder(Path::new("s3://b")).file_name().unwrap_or_default().display());
    let names = storage::some_names(path)?;
    let is_ours = |name: &String| Table::ALL.iter().any(|table| name.strip_suffix('/') == Some(table.name()));
    Ok(!names.contains(&state) && names.iter().any(|name| !is_ours(name)))
}
