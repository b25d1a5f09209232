//! Reads the log of a Delta table.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use deltalake_core::kernel::StructField;
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::table::state::DeltaTableState;
use deltalake_core::{DeltaResult, DeltaTable};
use object_store::prefix::PrefixStore;
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

use crate::error::LakeError;
use crate::storage::{DeltaStores, Storage};
use crate::table::layout::Table;

/// Tag of a file in the log: the SHA-256 of its bytes, in hexadecimal.
pub(crate) const SHA256_TAG: &str = "saltmine.sha256";
/// Property of a table: the format of its dataset.
pub(crate) const FORMAT_PROPERTY: &str = "saltmine.format";
/// Incremented when datasets change in a way that older versions of saltmine must not touch. Missing means 1.
pub(crate) const FORMAT: u32 = 1;
/// Values of the partition columns of a file; `None` is null.
pub(crate) type PartitionValues = BTreeMap<String, Option<String>>;

/// A data file as listed in a table's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    /// Path relative to the table's folder, with `/` as separator.
    pub(crate) path: String,
    pub(crate) partition: PartitionValues,
    /// Size in bytes.
    pub(crate) size: u64,
    /// In hexadecimal; missing only if saltmine did not write the file.
    pub(crate) sha256: Option<String>,
    /// Statistics, as JSON text.
    pub(crate) statistics: Option<String>,
}

/// A table at one version.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) version: u64,
    /// The format of the dataset, as written by its creator.
    pub(crate) format: Option<String>,
    pub(crate) columns: Vec<String>,
    /// Their types in Delta Lake's terms.
    pub(crate) types: Vec<String>,
    pub(crate) partition_columns: Vec<String>,
    /// Active files, in the order of their paths.
    pub(crate) files: Vec<FileEntry>,
}

/// Reads the latest version of a table.
///
/// # Errors
/// If its log cannot be read, or the table uses features that saltmine does not support: then its files alone
/// do not determine its rows or the names of their columns.
pub(crate) fn read(storage: &dyn Storage, table: Table) -> Result<Snapshot, LakeError> {
    let folder = storage.path(&table.folder());
    let log = log_store(storage, table)?;
    let (snapshot, unsupported) = drive(&folder, async {
        let table = load(log).await?;
        let state = table.snapshot()?;
        let unsupported = unsupported(state);
        let mut files: Vec<FileEntry> = state.log_data().iter().map(|view| entry_of(&view)).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let partition_columns = state.metadata().partition_columns().to_vec();
        let columns = state.schema().fields().map(|field| field.name().clone()).collect();
        let types = state.schema().fields().map(|field| field.data_type().to_string()).collect();
        let format = state.metadata().configuration().get(FORMAT_PROPERTY).cloned();
        let version = state.version();
        Ok((Snapshot { version, format, columns, types, partition_columns, files }, unsupported))
    })?;
    match unsupported {
        None => Ok(snapshot),
        Some(feature) => {
            let problem = format!("the table uses {feature}, which saltmine does not support");
            Err(LakeError::Foreign { path: folder, problem })
        }
    }
}

/// A feature that the table uses but saltmine does not support and never writes.
fn unsupported(state: &DeltaTableState) -> Option<String> {
    let protocol = serde_json::to_value(state.protocol()).unwrap_or_default();
    let version = protocol.get("minReaderVersion").and_then(serde_json::Value::as_i64);
    let features = protocol.get("readerFeatures").and_then(serde_json::Value::as_array);
    if let Some(features) = features.filter(|features| !features.is_empty()) {
        let features: Vec<String> = features.iter().map(ToString::to_string).collect();
        return Some(format!("the reader features {}", features.join(", ")));
    }
    if version != Some(1) {
        return Some(format!("version {} of the reader protocol", version.unwrap_or_default()));
    }
    let configuration = state.metadata().configuration();
    let mode = configuration.get("delta.columnMapping.mode").filter(|mode| *mode != "none");
    let is_mapped =
        |field: &StructField| field.metadata().keys().any(|key| key.starts_with("delta.columnMapping"));
    if mode.is_some() || state.schema().fields().any(is_mapped) {
        return Some("column mapping".to_owned());
    }
    let has_deleted = state.log_data().iter().any(|file| file.deletion_vector_descriptor().is_some());
    has_deleted.then(|| "deletion vectors".to_owned())
}

/// Whether a change was already made.
pub(crate) fn has_transaction(
    storage: &dyn Storage,
    table: Table,
    transaction: &str,
) -> Result<bool, LakeError> {
    let log = log_store(storage, table)?;
    drive(&storage.path(&table.folder()), async {
        let table = load(log).await?;
        let log = table.log_store();
        Ok(table.snapshot()?.transaction_version(log.as_ref(), transaction).await?.is_some())
    })
}

/// Whether the folder of a table contains a Delta table, judging by its log.
pub(crate) fn is_table(storage: &dyn Storage, table: Table) -> Result<bool, LakeError> {
    let is_version = |name: &str| {
        name.get(..20).is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit()))
            && name.as_bytes().get(20) == Some(&b'.')
            && !name.contains('#') // incomplete
    };
    Ok(storage.names(&table.log(), "0")?.iter().any(|name| is_version(name)))
}

/// The log of a table, for reading with deltalake.
pub(crate) fn log_store(storage: &dyn Storage, table: Table) -> Result<LogStoreRef, LakeError> {
    let DeltaStores { root, prefix, location } = storage.delta(&table.folder())?;
    let prefixed = Arc::new(PrefixStore::new(Arc::clone(&root), prefix));
    Ok(default_logstore(prefixed, root, &location, &StorageConfig::default()))
}

fn entry_of(view: &deltalake_core::kernel::LogicalFileView) -> FileEntry {
    // Deprecated in favour of Arrow arrays, but only this gives the tags.
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

/// The runtime for deltalake's futures. It is multi-threaded: on a current-thread runtime, deltalake starts
/// another thread with another runtime for each file of a log.
static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).thread_name("saltmine-delta").enable_all().build()
});

/// Runs deltalake's futures on a separate thread: the caller may already be on a runtime, which another
/// runtime must not block.
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
