//! Reading the log of a Delta table, on the local disk or in S3.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore, logstore_for};
use deltalake_core::{DeltaResult, DeltaTable, DeltaTableError, ObjectStore};
use object_store::prefix::PrefixStore;
use saltmine_s3::{Bucket, S3Url, wait};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::error::LakeError;
use crate::storage;
use crate::table::layout;

/// Tag of a file in the log: SHA-256 of its bytes, in hexadecimal.
pub(crate) const SHA256_TAG: &str = "saltmine.sha256";
/// Property of a table: the format of the dataset it is of.
pub(crate) const FORMAT_PROPERTY: &str = "saltmine.format";
/// Raised when datasets change so that an older saltmine must not touch them. Absent, it is 1.
pub(crate) const FORMAT: u32 = 1;
/// Values of the partition columns of a file; `None` is null.
pub(crate) type PartitionValues = BTreeMap<String, Option<String>>;

/// A data file as a table's log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    /// Path relative to the table's folder, with `/` between its parts.
    pub(crate) path: String,
    pub(crate) partition: PartitionValues,
    /// Bytes.
    pub(crate) size: u64,
    /// In hexadecimal; absent only where something else wrote the file.
    pub(crate) sha256: Option<String>,
    /// Statistics, as JSON text.
    pub(crate) statistics: Option<String>,
}

/// A table as of one version.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) version: u64,
    /// The format of the dataset that the table is of, as its maker wrote it.
    pub(crate) format: Option<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) partition_columns: Vec<String>,
    /// Active files, in the order of their paths.
    pub(crate) files: Vec<FileEntry>,
}

/// Whether the folder holds a Delta table, by the look of its log. On the disk, what cannot be listed holds none.
pub(crate) fn is_table(folder: &Path) -> Result<bool, LakeError> {
    if let Some((bucket, key)) = storage::remote(folder)? {
        let first = wait(async move { bucket.first(&format!("{key}/_delta_log/0")).await })?;
        return Ok(first.is_some());
    }
    Ok(is_local_table(folder))
}

fn is_local_table(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(layout::log_folder(folder)) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let version = name.split('.').next().unwrap_or_default();
        let kind = name.ends_with(".json") || name.ends_with(".parquet");
        kind && version.len() == 20 && version.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Reads a table: its latest version.
pub(crate) fn read(folder: &Path) -> Result<Snapshot, LakeError> {
    drive(folder, async {
        let table = load(log_store(folder)?).await?;
        let state = table.snapshot()?;
        let mut files: Vec<FileEntry> = state.log_data().iter().map(|view| entry_of(&view)).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let partition_columns = state.metadata().partition_columns().to_vec();
        let columns = state.schema().fields().map(|field| field.name().clone()).collect();
        let format = state.metadata().configuration().get(FORMAT_PROPERTY).cloned();
        Ok(Snapshot { version: state.version(), format, columns, partition_columns, files })
    })
}

/// Whether a change was made.
pub(crate) fn has_transaction(folder: &Path, transaction: &str) -> Result<bool, LakeError> {
    drive(folder, async {
        let table = load(log_store(folder)?).await?;
        let log = table.log_store();
        Ok(table.snapshot()?.transaction_version(log.as_ref(), transaction).await?.is_some())
    })
}

/// The log of the table in a folder, as deltalake reads it.
pub(crate) fn log_store(folder: &Path) -> DeltaResult<LogStoreRef> {
    let bad = || DeltaTableError::InvalidTableLocation(folder.display().to_string());
    if let Some(url) = S3Url::of_path(folder) {
        return bucket_log_store(&url);
    }
    let absolute = fs::canonicalize(folder)?;
    let url = Url::from_directory_path(&absolute).map_err(|()| bad())?;
    logstore_for(&url, StorageConfig::default())
}

fn bucket_log_store(url: &S3Url) -> DeltaResult<LogStoreRef> {
    let bad = || DeltaTableError::InvalidTableLocation(url.to_string());
    let bucket = Bucket::open(&url.bucket).map_err(|error| DeltaTableError::generic(error.to_string()))?;
    let store: Arc<dyn ObjectStore> = bucket.store();
    let prefix = object_store::path::Path::parse(&url.key).map_err(|_| bad())?;
    let mut location = Url::parse(&format!("s3://{}/", url.bucket)).map_err(|_| bad())?;
    location
        .path_segments_mut()
        .map_err(|()| bad())?
        .pop_if_empty()
        .extend(prefix.parts().map(|part| part.as_ref().to_owned()))
        .push("");
    let table = Arc::new(PrefixStore::new(Arc::clone(&store), prefix));
    Ok(default_logstore(table, store, &location, &StorageConfig::default()))
}

fn entry_of(view: &deltalake_core::kernel::LogicalFileView) -> FileEntry {
    // Deprecated in favour of Arrow arrays, but nothing else gives the tags.
    #[allow(deprecated)]
    let add = view.add_action();
    let sha256 = add.tags.and_then(|mut tags| tags.remove(SHA256_TAG)).flatten();
    FileEntry {
        path: add.path,
        partition: add.partition_values.into_iter().collect(),
        size: u64::try_from(add.size).unwrap_or_default(),
        sha256,
        statistics: add.stats,
    }
}

pub(crate) async fn load(log: LogStoreRef) -> DeltaResult<DeltaTable> {
    let mut table = DeltaTable::new(log);
    table.load().await?;
    Ok(table)
}

/// What deltalake's futures run on. Of the kind with threads of its own: on the other kind deltalake starts another
/// thread, with another runtime, for each file of a log.
static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).thread_name("saltmine-delta").enable_all().build()
});

/// Runs deltalake's futures. From a thread of their own: the caller may be on a runtime already, which must not be
/// blocked by another one.
pub(crate) fn drive<T: Send>(
    folder: &Path,
    work: impl Future<Output = DeltaResult<T>> + Send,
) -> Result<T, LakeError> {
    let start = |error| LakeError::io("start a thread for", folder)(error);
    let runtime = RUNTIME.as_ref().map_err(|error| start(io::Error::new(error.kind(), error.to_string())))?;
    let result = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("saltmine-delta".to_owned());
        let worker = thread.spawn_scoped(scope, || runtime.block_on(work)).map_err(start)?;
        worker.join().map_err(|_| LakeError::io("read the log of", folder)(io::Error::other("it panicked")))
    })?;
    result.map_err(LakeError::delta(folder))
}
