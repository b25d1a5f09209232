//! A dataset: a folder with the tables `logs`, `rejects` and `sources`, on the local disk or in S3, as it is read.

use std::fs;
use std::path::{Path, PathBuf};

use saltmine_s3::S3Url;

use crate::error::LakeError;
use crate::storage::fault::Faults;
use crate::storage::path::inside;
use crate::table::layout::{self, EVENT_DATE, PartitionBy, Table};
use crate::table::{delta_log, statistics};

/// A dataset on the local disk, or in S3.
///
/// Opening and reading need no lock: readers see each table as of its last commit.
#[derive(Debug)]
pub struct Dataset {
    root: PathBuf,
    partition_by: PartitionBy,
    pub(crate) faults: Faults,
}

/// A Parquet file of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Where it is, as an absolute path, or `s3://bucket/key`.
    pub path: PathBuf,
    /// Path relative to the table's folder, with `/` between its parts.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Rows; 0 where the log does not say.
    pub rows: u64,
    /// UTC date of its rows, in days since 1970; `None` outside `logs`.
    pub event_date: Option<i32>,
    /// The bucket of its rows, where the dataset is partitioned by bucket too; null is `Some(None)`.
    pub bucket: Option<Option<String>>,
    /// Lowest `request_time` in microseconds since 1970, or a little less; `None` if unknown.
    pub min_time: Option<i64>,
    /// Highest `request_time`, or a little more.
    pub max_time: Option<i64>,
    /// SHA-256 of its bytes, in hexadecimal; `None` where something else than saltmine wrote it.
    pub sha256: Option<String>,
}

impl Dataset {
    /// Opens the dataset in the folder `path`.
    ///
    /// # Errors
    /// If there is none, or its log cannot be read.
    pub fn open(path: &Path) -> Result<Dataset, LakeError> {
        if !has_all_tables(path)? {
            return Err(LakeError::NotADataset(path.to_path_buf()));
        }
        let root = match S3Url::of_path(path) {
            Some(url) => root_in_bucket(&url)?,
            None => fs::canonicalize(path).map_err(LakeError::io("open", path))?,
        };
        let logs = Table::Logs.folder(&root);
        let snapshot = delta_log::read(&logs)?;
        check_version(&root, &snapshot)?;
        let columns = snapshot.partition_columns;
        let partition_by = PartitionBy::from_columns(&columns).ok_or_else(|| LakeError::Foreign {
            path: logs,
            problem: format!("partitioned by {}, which saltmine never does", columns.join(", ")),
        })?;
        Ok(Dataset { root, partition_by, faults: Faults::default() })
    }

    /// Whether the folder `path` holds a dataset. One that cannot be looked into holds none.
    pub fn is_dataset(path: &Path) -> bool {
        has_all_tables(path).unwrap_or(false)
    }

    /// The dataset's folder, as an absolute path, or `s3://bucket/key`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How `logs` is divided into folders.
    pub fn partition_by(&self) -> PartitionBy {
        self.partition_by
    }

    /// The files of a table as of its last commit, in the order of their names.
    ///
    /// # Errors
    /// If the table's log cannot be read, or names a file outside its folder.
    pub fn files(&self, table: Table) -> Result<Vec<DataFile>, LakeError> {
        Ok(self.versioned_files(table)?.1)
    }

    /// A table's version, and its files then.
    pub(crate) fn versioned_files(&self, table: Table) -> Result<(u64, Vec<DataFile>), LakeError> {
        let folder = table.folder(&self.root);
        if !self.has(table)? {
            return Ok((0, Vec::new()));
        }
        let snapshot = delta_log::read(&folder)?;
        let files = snapshot.files.into_iter().map(|entry| data_file(&folder, entry));
        Ok((snapshot.version, files.collect::<Result<_, _>>()?))
    }

    /// Whether the dataset has the table, which only [`Table::Duplicates`] may be missing of.
    ///
    /// # Errors
    /// If that cannot be asked.
    pub fn has(&self, table: Table) -> Result<bool, LakeError> {
        Ok(table != Table::Duplicates || delta_log::is_table(&table.folder(&self.root))?)
    }

    /// Version of a table: the number of commits since it was made.
    ///
    /// # Errors
    /// If the table's log cannot be read.
    pub fn version(&self, table: Table) -> Result<u64, LakeError> {
        Ok(delta_log::read(&table.folder(&self.root))?.version)
    }
}

/// Refuses what this version would misread.
fn check_version(root: &Path, logs: &delta_log::Snapshot) -> Result<(), LakeError> {
    let wrong = |problem: String| LakeError::Version { path: root.to_path_buf(), problem };
    let known = delta_log::FORMAT;
    match logs.format.as_deref().map(str::parse::<u32>) {
        None => {}
        Some(Ok(format)) if format <= known => {}
        Some(_) => {
            let format = logs.format.as_deref().unwrap_or_default();
            return Err(wrong(format!("its format is {format:?}, and this version knows {known}")));
        }
    }
    let schema = Table::Logs.file_schema();
    match schema.fields().iter().find(|field| !logs.columns.contains(field.name())) {
        Some(field) => Err(wrong(format!("its table logs has no column {}", field.name()))),
        None => Ok(()),
    }
}

fn data_file(folder: &Path, entry: delta_log::FileEntry) -> Result<DataFile, LakeError> {
    let path = inside(folder, &entry.path).ok_or_else(|| LakeError::Foreign {
        path: folder.to_path_buf(),
        problem: format!("the log names a file outside the table: {:?}", entry.path),
    })?;
    let json = entry.statistics.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let json: serde_json::Value = json.unwrap_or_default();
    let (min_time, max_time) = statistics::time_range(&json, "request_time");
    Ok(DataFile {
        path,
        size: entry.size,
        rows: json.get("numRecords").and_then(serde_json::Value::as_u64).unwrap_or_default(),
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

pub(crate) fn has_all_tables(path: &Path) -> Result<bool, LakeError> {
    for table in Table::ALL {
        if !delta_log::is_table(&table.folder(path))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The root of a dataset in S3. Other tools, which read it too, take keys for paths.
pub(crate) fn root_in_bucket(url: &S3Url) -> Result<PathBuf, LakeError> {
    let is_plain = |key: &str| object_store::path::Path::parse(key).is_ok_and(|path| path.as_ref() == key);
    let text = url.to_string();
    let root = PathBuf::from(text.trim_end_matches('/'));
    if is_plain(&url.key) {
        return Ok(root);
    }
    let problem = "a dataset cannot be there: a part of the key is empty, or no name of a folder".to_owned();
    Err(LakeError::NotThere { path: root, problem })
}
