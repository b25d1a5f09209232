//! A dataset: a folder with the tables `logs`, `rejects` and `sources`, and a lock for its writer. It is on the local disk,
//! or in S3, with a path `s3://bucket/key`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::datatypes::Schema;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use saltmine_s3::S3Url;

use crate::commit;
use crate::disk;
use crate::error::LakeError;
use crate::fault::Faults;
use crate::layout::{self, EVENT_DATE, PartitionBy, Table};
use crate::lease::Lease;
use crate::place::{self, is_remote};
use crate::statistics;
use crate::transaction::{DatasetLock, Held};

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
        let snapshot = commit::read(&logs)?;
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
        if dataset.partition_by != partition_by {
            return Err(LakeError::Partitioning {
                path: path.to_path_buf(),
                found: dataset.partition_by.columns().join(","),
                wanted: partition_by.columns().join(","),
            });
        }
        Ok(dataset)
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
        let snapshot = commit::read(&folder)?;
        let files = snapshot.files.into_iter().map(|entry| data_file(&folder, entry));
        Ok((snapshot.version, files.collect::<Result<_, _>>()?))
    }

    /// Whether the dataset has the table, which only [`Table::Duplicates`] may be missing of.
    ///
    /// # Errors
    /// If that cannot be asked.
    pub fn has(&self, table: Table) -> Result<bool, LakeError> {
        Ok(table != Table::Duplicates || commit::is_table(&table.folder(&self.root))?)
    }

    /// Makes the table `duplicates`, if it is not there.
    pub(crate) fn make_duplicates(&self) -> Result<(), LakeError> {
        let table = Table::Duplicates;
        if self.has(table)? {
            return Ok(());
        }
        let tmp = layout::tmp_folder(&self.root);
        commit::create(&table.folder(&self.root), &tmp, table.name(), &table.file_schema(), &[])?;
        if is_remote(&self.root) { Ok(()) } else { disk::sync_folder(&self.root) }
    }

    /// Gives a table the columns that it lacks, as it was made by an earlier version. In its older files they are null.
    pub(crate) fn add_columns(&self, table: Table) -> Result<(), LakeError> {
        let folder = table.folder(&self.root);
        let has = commit::read(&folder)?.columns;
        let schema = table.table_schema(self.partition_by);
        let lacks: Vec<_> =
            schema.fields().iter().filter(|field| !has.contains(field.name())).cloned().collect();
        if lacks.is_empty() {
            return Ok(());
        }
        commit::add_columns(&folder, &layout::tmp_folder(&self.root), &Schema::new(lacks))
    }

    /// Version of a table: the number of commits since it was made.
    ///
    /// # Errors
    /// If the table's log cannot be read.
    pub fn version(&self, table: Table) -> Result<u64, LakeError> {
        Ok(commit::read(&table.folder(&self.root))?.version)
    }

    /// Takes the lock that every writer needs, and keeps it until the value is dropped. While another process has
    /// it, `on_wait` is called once and this waits.
    ///
    /// # Errors
    /// If the lock file cannot be opened or the file system has no locks.
    pub fn lock(&self, on_wait: &dyn Fn()) -> Result<DatasetLock<'_>, LakeError> {
        self.lock_unless(on_wait, None)
    }

    /// As [`Dataset::lock`], but waits no more when `stop` becomes true.
    ///
    /// # Errors
    /// As [`Dataset::lock`]; [`LakeError::Stopped`] if it was stopped.
    pub fn lock_unless(
        &self,
        on_wait: &dyn Fn(),
        stop: Option<&AtomicBool>,
    ) -> Result<DatasetLock<'_>, LakeError> {
        DatasetLock::new(self, take_lock(&self.root, on_wait, stop)?)
    }
}

/// Refuses what this version would misread.
fn check_version(root: &Path, logs: &commit::Snapshot) -> Result<(), LakeError> {
    let wrong = |problem: String| LakeError::Version { path: root.to_path_buf(), problem };
    let known = commit::FORMAT;
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

fn data_file(folder: &Path, entry: commit::FileEntry) -> Result<DataFile, LakeError> {
    let path = layout::inside(folder, &entry.path).ok_or_else(|| LakeError::Foreign {
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

fn has_all_tables(path: &Path) -> Result<bool, LakeError> {
    for table in Table::ALL {
        if !commit::is_table(&table.folder(path))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The root of a dataset in S3. Other tools, which read it too, take keys for paths.
fn root_in_bucket(url: &S3Url) -> Result<PathBuf, LakeError> {
    let is_plain = |key: &str| object_store::path::Path::parse(key).is_ok_and(|path| path.as_ref() == key);
    let text = url.to_string();
    let root = PathBuf::from(text.trim_end_matches('/'));
    if is_plain(&url.key) {
        return Ok(root);
    }
    let problem = "a dataset cannot be there: a part of the key is empty, or no name of a folder".to_owned();
    Err(LakeError::NotThere { path: root, problem })
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
        if commit::is_table(&folder)? {
            return Ok(());
        }
        let schema = table.table_schema(partition_by);
        let partitions = if table == Table::Logs { partition_by.columns() } else { &[] };
        commit::create(&folder, &layout::tmp_folder(path), table.name(), &schema, partitions)
    })?;
    if is_remote(path) { Ok(()) } else { disk::sync_folder(path) }
}

/// Whether a folder of S3 holds other things than a dataset.
fn is_occupied_in_bucket(path: &Path) -> Result<bool, LakeError> {
    let state =
        format!("{}/", layout::state_folder(Path::new("s3://b")).file_name().unwrap_or_default().display());
    let names = place::some_names(path)?;
    let is_ours = |name: &String| Table::ALL.iter().any(|table| name.strip_suffix('/') == Some(table.name()));
    Ok(!names.contains(&state) && names.iter().any(|name| !is_ours(name)))
}

fn take_lock(root: &Path, on_wait: &dyn Fn(), stop: Option<&AtomicBool>) -> Result<Held, LakeError> {
    if is_remote(root) {
        return Ok(Held::Lease(Lease::take(&layout::lock_file(root), on_wait, stop)?));
    }
    disk::make_folder(&layout::runs_folder(root))?;
    disk::make_folder(&layout::tmp_folder(root))?;
    let path = layout::lock_file(root);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(LakeError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            on_wait();
            match stop {
                None => file.lock().map_err(LakeError::io("lock", &path))?,
                Some(stop) => wait_for_lock(&file, &path, stop)?,
            }
        }
        Err(TryLockError::Error(error)) => return Err(LakeError::io("lock", &path)(error)),
    }
    Ok(Held::File(file))
}

/// Nothing wakes who waits for a lock, so that a wait that may be stopped has to look again and again.
fn wait_for_lock(file: &File, path: &Path, stop: &AtomicBool) -> Result<(), LakeError> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(LakeError::stopped());
        }
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::Error(error)) => return Err(LakeError::io("lock", path)(error)),
        }
    }
}
