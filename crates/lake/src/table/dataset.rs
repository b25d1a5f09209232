//! Reading a dataset: a folder with the tables `logs`, `rejects` and `sources`, on the local disk or in S3.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::LakeError;
use crate::storage::{self, Storage};
use crate::table::layout::{self, EVENT_DATE, PartitionBy, Table};
use crate::table::{delta_log, statistics};

/// A dataset on the local disk or in S3.
///
/// Opening and reading need no lock: readers see each table as of its last commit.
#[derive(Debug)]
pub struct Dataset {
    storage: Arc<dyn Storage>,
    partition_by: PartitionBy,
}

/// A Parquet file of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// An absolute path, or `s3://bucket/key`.
    pub path: PathBuf,
    /// Path relative to the table's folder, with `/` as separator.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// Number of rows; `None` if the log does not say, because other writers may omit it.
    pub rows: Option<u64>,
    /// UTC date of its rows, in days since 1970; `None` outside `logs`.
    pub event_date: Option<i32>,
    /// The bucket of its rows, if the dataset is also partitioned by bucket; null is `Some(None)`.
    pub bucket: Option<Option<String>>,
    /// Lowest `request_time` in microseconds since 1970, possibly rounded down; `None` if unknown.
    pub min_time: Option<i64>,
    /// Highest `request_time`, possibly rounded up.
    pub max_time: Option<i64>,
    /// SHA-256 of its bytes, in hexadecimal; `None` if saltmine did not write the file.
    pub sha256: Option<String>,
}

impl Dataset {
    /// Opens the dataset in the folder `path`.
    ///
    /// # Errors
    /// If there is no dataset, or its log cannot be read. Also if a table has deletion vectors, column
    /// mapping, or another reader feature that saltmine does not support: its rows would differ from those
    /// written.
    pub fn open(path: &Path) -> Result<Dataset, LakeError> {
        let storage = storage::at(path)?;
        if !has_all_tables(storage.as_ref())? {
            return Err(LakeError::NotADataset(path.to_path_buf()));
        }
        let snapshot = delta_log::read(storage.as_ref(), Table::Logs)?;
        check_version(storage.root(), &snapshot)?;
        let columns = snapshot.partition_columns;
        let partition_by = PartitionBy::from_columns(&columns).ok_or_else(|| LakeError::Foreign {
            path: storage.path(&Table::Logs.folder()),
            problem: format!("partitioned by {}, which saltmine does not support", columns.join(", ")),
        })?;
        Ok(Dataset { storage, partition_by })
    }

    /// Whether the folder `path` contains a dataset. False if the folder cannot be examined.
    pub fn is_dataset(path: &Path) -> bool {
        let found = storage::at(path).and_then(|storage| has_all_tables(storage.as_ref()));
        // If something else is in the place of a table, `open` will refuse it.
        found.unwrap_or_else(|error| matches!(error, LakeError::Foreign { .. }))
    }

    /// The dataset's folder, as an absolute path, or `s3://bucket/key`.
    pub fn root(&self) -> &Path {
        self.storage.root()
    }

    /// How `logs` is partitioned into folders.
    pub fn partition_by(&self) -> PartitionBy {
        self.partition_by
    }

    /// The storage of its files.
    pub(crate) fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// The same dataset, with a storage that makes `steps` changes and then fails.
    #[cfg(test)]
    pub(crate) fn dying_after(self, steps: u32) -> Self {
        let storage = Arc::new(storage::failing::FailingStorage::after(steps, self.storage));
        Self { storage, ..self }
    }

    /// The same dataset, with files that must be copied before reading, as in S3.
    #[cfg(test)]
    pub(crate) fn copying(self) -> Self {
        self.counting_copies(Arc::default())
    }

    /// Like [`Dataset::copying`]; `most` records the maximum number of copies at a time.
    #[cfg(test)]
    pub(crate) fn counting_copies(self, most: Arc<std::sync::atomic::AtomicUsize>) -> Self {
        Self { storage: Arc::new(storage::failing::FailingStorage::copying(self.storage, most)), ..self }
    }

    /// The files of a table as of its last commit, in the order of their names.
    ///
    /// # Errors
    /// If the table's log cannot be read, or names a file outside its folder, a link, or something that is
    /// not a file.
    pub fn files(&self, table: Table) -> Result<Vec<DataFile>, LakeError> {
        Ok(self.checked_files(table)?.1)
    }

    /// The version of a table and its files, like [`Dataset::files`].
    pub(crate) fn checked_files(&self, table: Table) -> Result<(u64, Vec<DataFile>), LakeError> {
        let (version, files) = self.versioned_files(table)?;
        let places = files.iter().map(|file| table.data_file(&file.name)).collect::<Result<Vec<_>, _>>()?;
        self.storage.check(&places)?;
        Ok((version, files))
    }

    /// The version of a table and its files, without checking that they are regular files.
    pub(crate) fn versioned_files(&self, table: Table) -> Result<(u64, Vec<DataFile>), LakeError> {
        if !self.has(table)? {
            return Ok((0, Vec::new()));
        }
        let snapshot = delta_log::read(self.storage.as_ref(), table)?;
        let files = snapshot.files.into_iter().map(|entry| data_file(self.storage.as_ref(), table, entry));
        Ok((snapshot.version, files.collect::<Result<_, _>>()?))
    }

    /// Whether the dataset has the table; only [`Table::Duplicates`] can be missing.
    ///
    /// # Errors
    /// If this cannot be determined.
    pub fn has(&self, table: Table) -> Result<bool, LakeError> {
        Ok(table != Table::Duplicates || delta_log::is_table(self.storage.as_ref(), table)?)
    }

    /// The version of a table: the number of commits since it was created.
    ///
    /// # Errors
    /// If the table's log cannot be read.
    pub fn version(&self, table: Table) -> Result<u64, LakeError> {
        Ok(delta_log::read(self.storage.as_ref(), table)?.version)
    }
}

/// Refuses a dataset that this version would misread.
fn check_version(root: &Path, logs: &delta_log::Snapshot) -> Result<(), LakeError> {
    let wrong = |problem: String| LakeError::Version { path: root.to_path_buf(), problem };
    let known = delta_log::FORMAT;
    match logs.format.as_deref().map(str::parse::<u32>) {
        None => {}
        Some(Ok(format)) if format <= known => {}
        Some(_) => {
            let format = logs.format.as_deref().unwrap_or_default();
            return Err(wrong(format!("its format is {format:?}, but this version supports {known}")));
        }
    }
    let schema = Table::Logs.file_schema();
    match schema.fields().iter().find(|field| !logs.columns.contains(field.name())) {
        Some(field) => Err(wrong(format!("the table logs has no column {}", field.name()))),
        None => Ok(()),
    }
}

fn data_file(
    storage: &dyn Storage,
    table: Table,
    entry: delta_log::FileEntry,
) -> Result<DataFile, LakeError> {
    let file = table.data_file(&entry.path).map_err(|_| LakeError::Foreign {
        path: storage.path(&table.folder()),
        problem: format!("the log names a file outside the table: {:?}", entry.path),
    })?;
    let json = entry.statistics.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let json: serde_json::Value = json.unwrap_or_default();
    let (min_time, max_time) = statistics::time_range(&json, "request_time");
    Ok(DataFile {
        path: storage.path(&file),
        size: entry.size,
        rows: json.get("numRecords").and_then(serde_json::Value::as_u64),
        event_date: entry
            .partition
            .get(EVENT_DATE)
            .and_then(|value| value.as_deref())
            .and_then(layout::date_days),
        bucket: entry.partition.get(layout::LOG_BUCKET).cloned(),
        min_time,
        max_time,
        sha256: entry.sha256,
        name: entry.path,
    })
}

pub(crate) fn has_all_tables(storage: &dyn Storage) -> Result<bool, LakeError> {
    for table in Table::ALL {
        if !delta_log::is_table(storage, table)? {
            return Ok(false);
        }
    }
    Ok(true)
}
