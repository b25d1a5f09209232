//! Writes the log of a Delta table. Only this file, `log_store` and [`crate::table::delta_log`] use
//! deltalake.
//!
//! Parquet files are written elsewhere; this module adds them to a table's log. Each commit carries an
//! application transaction, so a later run can see whether it took place, and can repeat it safely.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Schema as ArrowSchema, TimeUnit};
use chrono::Utc;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, DataType, Remove, StructField, Transaction};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use serde_json::Value;

use crate::commit::log_store::log_store;
use crate::error::LakeError;
use crate::storage::Storage;
use crate::table::delta_log::{FORMAT, FORMAT_PROPERTY, FileEntry, SHA256_TAG, drive, has_transaction, load};
use crate::table::layout::Table;

/// Commits between two checkpoints. A commit names up to a few hundred files, so reading this many is cheap.
const CHECKPOINT_INTERVAL: &str = "20";
/// The change made by a commit.
pub(crate) struct Change<'a> {
    /// Identity of the change: it is applied once, however often it is requested.
    pub(crate) transaction: &'a str,
    pub(crate) add: Vec<FileEntry>,
    pub(crate) remove: Vec<FileEntry>,
    /// Some rows of `remove` are not in `add`.
    pub(crate) drops_rows: bool,
    /// Additional information in the commit, for readers.
    pub(crate) notes: Vec<(String, Value)>,
}

/// Creates an empty table.
pub(crate) fn create(
    storage: &Arc<dyn Storage>,
    table: Table,
    schema: &ArrowSchema,
    partition_columns: &[&str],
) -> Result<(), LakeError> {
    let folder = storage.path(&table.folder());
    storage.make_folder(&table.log())?;
    let columns = delta_columns(&folder, schema)?;
    let format = FORMAT.to_string();
    let log = log_store(storage, table)?;
    drive(&folder, async {
        // The log is part of the evidence: who added what, and when. It is small, so nothing is ever removed
        // from it.
        let configuration = [
            ("delta.checkpointInterval", Some(CHECKPOINT_INTERVAL)),
            ("delta.enableExpiredLogCleanup", Some("false")),
            (FORMAT_PROPERTY, Some(format.as_str())),
        ];
        CreateBuilder::new()
            .with_log_store(log)
            .with_table_name(table.name())
            .with_columns(columns)
            .with_partition_columns(partition_columns.iter().copied())
            .with_raise_if_key_not_exists(false) // the last key is custom, not a Delta property
            .with_configuration(configuration)
            .with_save_mode(SaveMode::Ignore)
            .await
            .map(drop)
    })
}

/// Applies a change unless it was already applied. Returns the new version, or `None` if there was nothing to
/// do.
pub(crate) fn apply(
    storage: &Arc<dyn Storage>,
    table: Table,
    change: Change<'_>,
) -> Result<Option<u64>, LakeError> {
    let id = change.transaction;
    let log = log_store(storage, table)?;
    let committed = drive(&storage.path(&table.folder()), async {
        let table = load(log).await?;
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
        // Another run may have completed the round in the meantime.
        Err(_) if has_transaction(storage.as_ref(), table, id).unwrap_or(false) => None,
        committed => committed?,
    };
    if let Some((version, true)) = committed {
        // A checkpoint is written without being synced, and readers then skip the commits before it.
        let prefix = format!("{version:020}.checkpoint");
        storage.sync(&table.log(), &|name| name.starts_with(&prefix) || name == "_last_checkpoint")?;
    }
    Ok(committed.map(|(version, _)| version))
}

/// Adds columns to a table; they are null in its existing files.
pub(crate) fn add_columns(
    storage: &Arc<dyn Storage>,
    table: Table,
    schema: &ArrowSchema,
) -> Result<(), LakeError> {
    let folder = storage.path(&table.folder());
    let columns = delta_columns(&folder, schema)?;
    let log = log_store(storage, table)?;
    drive(&folder, async {
        let table = load(log).await?;
        table.add_columns().with_fields(columns).await.map(drop)
    })
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

/// The columns of an Arrow schema as Delta columns. All are nullable.
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
