//! Writes commits to the log of a Delta table, on the local disk or in S3.
//!
//! The object stores that deltalake uses are not sufficient for this. On disk they never sync: a power cut
//! could leave an empty commit under its final name. In S3 they do not repeat conditional writes: a commit
//! without a response would be an error, whether it took place or not.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use deltalake_core::kernel::Version;
use deltalake_core::kernel::transaction::TransactionError;
use deltalake_core::logstore::{CommitOrBytes, LogStore, LogStoreConfig, LogStoreRef};
use deltalake_core::{DeltaResult, ObjectStore};
use uuid::Uuid;

use crate::error::LakeError;
use crate::storage::{DatasetPath, Storage};
use crate::table::delta_log;
use crate::table::layout::Table;

/// The log of a table, for writing commits.
pub(crate) fn log_store(storage: &Arc<dyn Storage>, table: Table) -> Result<LogStoreRef, LakeError> {
    let inner = delta_log::log_store(storage.as_ref(), table)?;
    Ok(Arc::new(Log { inner, storage: Arc::clone(storage), folder: table.log() }))
}

/// A log whose commits are written here; deltalake does everything else.
struct Log {
    inner: LogStoreRef,
    storage: Arc<dyn Storage>,
    /// The folder of the commits.
    folder: DatasetPath,
}

impl Log {
    /// Stores a commit under its name, unless the name is taken.
    fn put(&self, version: Version, content: &Bytes) -> Result<(), TransactionError> {
        let failed = |error: LakeError| {
            let msg = format!("cannot write version {version}: {error}");
            TransactionError::LogStoreError { msg, source: Box::new(error) }
        };
        let file = self.folder.join_name(&format!("{version:020}.json")).map_err(failed)?;
        match self.storage.create(&file, content) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(TransactionError::VersionAlreadyExists(version)),
            Err(error) => Err(failed(error)),
        }
    }
}

#[async_trait]
impl LogStore for Log {
    fn name(&self) -> String {
        // deltalake passes the bytes of a commit, instead of a file of its own, only to stores with known
        // names.
        self.inner.name()
    }

    async fn read_commit_entry(&self, version: Version) -> DeltaResult<Option<Bytes>> {
        self.inner.read_commit_entry(version).await
    }

    async fn write_commit_entry(
        &self,
        version: Version,
        commit: CommitOrBytes,
        operation: Uuid,
    ) -> Result<(), TransactionError> {
        let CommitOrBytes::LogBytes(content) = &commit else {
            return self.inner.write_commit_entry(version, commit, operation).await;
        };
        self.put(version, content)
    }

    async fn abort_commit_entry(
        &self,
        version: Version,
        commit: CommitOrBytes,
        operation: Uuid,
    ) -> Result<(), TransactionError> {
        self.inner.abort_commit_entry(version, commit, operation).await
    }

    async fn get_latest_version(&self, start: Version) -> DeltaResult<Version> {
        self.inner.get_latest_version(start).await
    }

    fn object_store(&self, operation: Option<Uuid>) -> Arc<dyn ObjectStore> {
        self.inner.object_store(operation)
    }

    fn root_object_store(&self, operation: Option<Uuid>) -> Arc<dyn ObjectStore> {
        self.inner.root_object_store(operation)
    }

    fn config(&self) -> &LogStoreConfig {
        self.inner.config()
    }
}
