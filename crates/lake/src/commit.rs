//! Delta tables. This file and `log_store` alone touch deltalake.
//!
//! Parquet files are written elsewhere; here they are named in a table's log. A commit carries an application
//! transaction, so that it can be told afterwards whether it took place, and is repeated at no risk.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType as ArrowType, Schema as ArrowSchema, TimeUnit};
use chrono::Utc;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, DataType, Remove, StructField, Transaction};
use deltalake_core::logstore::LogStoreRef;
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaResult, DeltaTable};
use saltmine_s3::wait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::disk;
use crate::error::LakeError;
use crate::layout;
use crate::log_store::log_store;
use crate::place::{self, is_remote};

/// Tag of a file in the log: SHA-256 of its bytes, in hexadecimal.
const SHA256_TAG: &str = "saltmine.sha256";
/// Commits between two checkpoints. A commit names up to a few hundred files, so that reading this many is cheap.
const CHECKPOINT_INTERVAL: &str = "20";
/// Property of a table: the format of the dataset it is of.
const FORMAT_PROPERTY: &str = "saltmine.format";
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

/// What a commit changes.
pub(crate) struct Change<'a> {
    /// Identity of the change: it is made once, however often it is asked for.
    pub(crate) transaction: &'a str,
    pub(crate) add: Vec<FileEntry>,
    pub(crate) remove: Vec<FileEntry>,
    /// Not all rows of `remove` are in `add`.
    pub(crate) drops_rows: bool,
    /// Additional information in the commit, for people.
    pub(crate) notes: Vec<(String, Value)>,
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
    if let Some((bucket, key)) = place::remote(folder)? {
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

/// Makes an empty table. `tmp` is a folder of the same file system.
pub(crate) fn create(
    folder: &Path,
    tmp: &Path,
    name: &str,
    schema: &ArrowSchema,
    partition_columns: &[&str],
) -> Result<(), LakeError> {
    if !is_remote(folder) {
        disk::make_folder(&layout::log_folder(folder))?;
    }
    let columns = delta_columns(folder, schema)?;
    let format = FORMAT.to_string();
    drive(folder, async {
        // The log is part of the evidence: who added what, and when. It is small, so nothing of it is ever removed.
        let configuration = [
            ("delta.checkpointInterval", Some(CHECKPOINT_INTERVAL)),
            ("delta.enableExpiredLogCleanup", Some("false")),
            (FORMAT_PROPERTY, Some(format.as_str())),
        ];
        CreateBuilder::new()
            .with_log_store(log_store(folder, tmp)?)
            .with_table_name(name)
            .with_columns(columns)
            .with_partition_columns(partition_columns.iter().copied())
            .with_raise_if_key_not_exists(false) // ours is no property of Delta Lake
            .with_configuration(configuration)
            .with_save_mode(SaveMode::Ignore)
            .await
            .map(drop)
    })
}

/// Reads a table: its latest version.
pub(crate) fn read(folder: &Path) -> Result<Snapshot, LakeError> {
    drive(folder, async {
        let table = load(log_store(folder, folder)?).await?;
        let state = table.snapshot()?;
        let mut files: Vec<FileEntry> = state.log_data().iter().map(|view| entry_of(&view)).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let partition_columns = state.metadata().partition_columns().to_vec();
        let columns = state.schema().fields().map(|field| field.name().clone()).collect();
        let format = state.metadata().configuration().get(FORMAT_PROPERTY).cloned();
        Ok(Snapshot { version: state.version(), format, columns, partition_columns, files })
    })
}

/// Makes a change, unless it was made before. Gives the new version, or `None` if there was nothing to do.
pub(crate) fn apply(folder: &Path, tmp: &Path, change: Change<'_>) -> Result<Option<u64>, LakeError> {
    let id = change.transaction;
    let committed = drive(folder, async {
        let table = load(log_store(folder, tmp)?).await?;
        let state = table.snapshot()?;
        let log = table.log_store();
        if state.transaction_version(log.as_ref(), change.transaction).await?.is_some() {
            return Ok(None);
        }
        let operation = operation_of(&change, state.metadata().partition_columns());
        let now = Utc::now().timestamp_millis();
        let changes_rows = change.remove.is_empty() || change.drops_rows;
        let removes =
            change.remove.into_iter().map(|file| Action::Remove(remove_of(file, now, changes_rows)));
        let adds = change.add.into_iter().map(|file| Action::Add(add_of(file, now, changes_rows)));
        let transaction = Transaction::new_with_last_update(change.transaction, 1, Some(now));
        let properties =
            CommitProperties::default().with_metadata(change.notes).with_application_transaction(transaction);
        let done = CommitBuilder::from(properties)
            .with_actions(removes.chain(adds).collect())
            .build(Some(state), log, operation)
            .await?;
        Ok(Some((done.version(), done.metrics.new_checkpoint_created)))
    });
    let committed = match committed {
        // Another run may have completed the round meanwhile.
        Err(_) if is_remote(folder) && has_transaction(folder, id).unwrap_or(false) => None,
        committed => committed?,
    };
    if let Some((version, true)) = committed
        && !is_remote(folder)
    {
        sync_checkpoint(folder, version)?;
    }
    Ok(committed.map(|(version, _)| version))
}

/// Adds columns to a table, which are null in the files that it has.
pub(crate) fn add_columns(folder: &Path, tmp: &Path, schema: &ArrowSchema) -> Result<(), LakeError> {
    let columns = delta_columns(folder, schema)?;
    drive(folder, async {
        let table = load(log_store(folder, tmp)?).await?;
        table.add_columns().with_fields(columns).await.map(drop)
    })
}

/// Whether a change was made.
pub(crate) fn has_transaction(folder: &Path, transaction: &str) -> Result<bool, LakeError> {
    drive(folder, async {
        let table = load(log_store(folder, folder)?).await?;
        let log = table.log_store();
        Ok(table.snapshot()?.transaction_version(log.as_ref(), transaction).await?.is_some())
    })
}

/// Removes what an interrupted writer left in a log: files that were being written. `read` never sees them.
pub(crate) fn tidy(folder: &Path) -> Result<(), LakeError> {
    let log = layout::log_folder(folder);
    for entry in fs::read_dir(&log).map_err(LakeError::io("list", &log))? {
        let path = entry.map_err(LakeError::io("list", &log))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // The object store writes NAME#1 and renames it.
        let half_written = name
            .rsplit_once('#')
            .is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()));
        if half_written {
            disk::remove_file(&path)?;
        }
    }
    Ok(())
}

fn operation_of(change: &Change<'_>, partition_columns: &[String]) -> DeltaOperation {
    if change.remove.is_empty() {
        let partition_by = (!partition_columns.is_empty()).then(|| partition_columns.to_vec());
        DeltaOperation::Write { mode: SaveMode::Append, partition_by, predicate: None }
    } else if change.drops_rows {
        DeltaOperation::Delete { predicate: None }
    } else {
        DeltaOperation::Optimize { predicate: None, target_size: 0 }
    }
}

fn add_of(file: FileEntry, now: i64, data_change: bool) -> Add {
    let tags = file.sha256.map(|sha256| HashMap::from([(SHA256_TAG.to_owned(), Some(sha256))]));
    Add {
        path: file.path,
        partition_values: file.partition.into_iter().collect(),
        size: i64::try_from(file.size).unwrap_or(i64::MAX),
        modification_time: now,
        data_change,
        stats: file.statistics,
        tags,
        ..Default::default()
    }
}

fn remove_of(file: FileEntry, now: i64, data_change: bool) -> Remove {
    Remove {
        path: file.path,
        data_change,
        deletion_timestamp: Some(now),
        extended_file_metadata: Some(true),
        partition_values: Some(file.partition.into_iter().collect()),
        size: i64::try_from(file.size).ok(),
        ..Default::default()
    }
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

/// The columns of an Arrow schema as a Delta table has them. All are nullable.
fn delta_columns(folder: &Path, schema: &ArrowSchema) -> Result<Vec<StructField>, LakeError> {
    let delta_type = |arrow: &ArrowType| match arrow {
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => Some(DataType::STRING),
        ArrowType::Binary | ArrowType::LargeBinary | ArrowType::BinaryView => Some(DataType::BINARY),
        ArrowType::Boolean => Some(DataType::BOOLEAN),
        ArrowType::Int16 => Some(DataType::SHORT),
        ArrowType::Int32 => Some(DataType::INTEGER),
        ArrowType::Int64 => Some(DataType::LONG),
        ArrowType::Float64 => Some(DataType::DOUBLE),
        ArrowType::Date32 => Some(DataType::DATE),
        ArrowType::Timestamp(TimeUnit::Microsecond, Some(_)) => Some(DataType::TIMESTAMP),
        _ => None,
    };
    let column = |field: &Arc<arrow::datatypes::Field>| {
        let data_type = delta_type(field.data_type()).ok_or_else(|| LakeError::Foreign {
            path: folder.to_path_buf(),
            problem: format!("no Delta type for column {} ({})", field.name(), field.data_type()),
        })?;
        Ok(StructField::nullable(field.name().as_str(), data_type))
    };
    schema.fields().iter().map(column).collect()
}

async fn load(log: LogStoreRef) -> DeltaResult<DeltaTable> {
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
fn drive<T: Send>(folder: &Path, work: impl Future<Output = DeltaResult<T>> + Send) -> Result<T, LakeError> {
    let start = |error| LakeError::io("start a thread for", folder)(error);
    let runtime = RUNTIME.as_ref().map_err(|error| start(io::Error::new(error.kind(), error.to_string())))?;
    let result = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("saltmine-delta".to_owned());
        let worker = thread.spawn_scoped(scope, || runtime.block_on(work)).map_err(start)?;
        worker.join().map_err(|_| LakeError::io("read the log of", folder)(io::Error::other("it panicked")))
    })?;
    result.map_err(LakeError::delta(folder))
}

/// A checkpoint was written without being synced, and the commits before it are not needed once it is read.
fn sync_checkpoint(folder: &Path, version: u64) -> Result<(), LakeError> {
    let log = layout::log_folder(folder);
    let prefix = format!("{version:020}.checkpoint");
    for entry in fs::read_dir(&log).map_err(LakeError::io("list", &log))? {
        let path = entry.map_err(LakeError::io("list", &log))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&prefix) || name == "_last_checkpoint" {
            disk::sync_file(&path)?;
        }
    }
    disk::sync_folder(&log)
}
