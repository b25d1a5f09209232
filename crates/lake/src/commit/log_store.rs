//! How commits are written to the log of a Delta table, on the local disk or in S3.
//!
//! The object store below deltalake does not do for them. On the disk it never syncs: a power cut could leave an empty
//! commit under its final name. In S3 it makes no conditional write twice: a commit without an answer would be an error,
//! whether it took place or not.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use deltalake_core::kernel::Version;
use deltalake_core::kernel::transaction::TransactionError;
use deltalake_core::logstore::{CommitOrBytes, LogStore, LogStoreConfig, LogStoreRef};
use deltalake_core::{DeltaResult, DeltaTableError, ObjectStore};
use saltmine_s3::{Bucket, Condition, Problem, S3Error, S3Url};
use uuid::Uuid;

use crate::table::{delta_log, layout};

/// The log of the table in a folder; `tmp` is a folder of the same file system.
pub(crate) fn log_store(folder: &Path, tmp: &Path) -> DeltaResult<LogStoreRef> {
    let inner = delta_log::log_store(folder)?;
    let home = match S3Url::of_path(folder) {
        Some(url) => {
            let bucket =
                Bucket::open(&url.bucket).map_err(|error| DeltaTableError::generic(error.to_string()))?;
            Home::Bucket { bucket, folder: format!("{}/_delta_log", url.key) }
        }
        None => Home::Disk { folder: layout::log_folder(&fs::canonicalize(folder)?), tmp: tmp.to_path_buf() },
    };
    Ok(Arc::new(Log { inner, home }))
}

/// A log whose commits are written here, and all else by deltalake.
struct Log {
    inner: LogStoreRef,
    home: Home,
}

/// The folder of the commits.
enum Home {
    Disk { folder: PathBuf, tmp: PathBuf },
    Bucket { bucket: Arc<Bucket>, folder: String },
}

impl Home {
    /// Puts a commit under its name, unless the name is taken.
    async fn put(&self, version: Version, content: &Bytes) -> Result<(), TransactionError> {
        let name = format!("{version:020}.json");
        let failed = |told: String, source: Box<dyn std::error::Error + Send + Sync>| {
            TransactionError::LogStoreError { msg: format!("cannot write version {version}: {told}"), source }
        };
        match self {
            Self::Disk { folder, tmp } => {
                put_on_disk(folder, tmp, &name, content).map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => TransactionError::VersionAlreadyExists(version),
                    _ => failed(error.to_string(), error.into()),
                })
            }
            Self::Bucket { bucket, folder } => {
                let key = format!("{folder}/{name}");
                let put = bucket.put(&key, content.clone(), Condition::Absent).await;
                put.map(drop).map_err(|error| match error {
                    S3Error { problem: Problem::Precondition, .. } => {
                        TransactionError::VersionAlreadyExists(version)
                    }
                    error => failed(error.to_string(), error.into()),
                })
            }
        }
    }
}

fn put_on_disk(folder: &Path, tmp: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let temporary = tmp.join(format!("{}-{name}", Uuid::new_v4().simple()));
    let mut file = File::create_new(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, folder.join(name));
    fs::remove_file(&temporary)?;
    linked?;
    File::open(folder)?.sync_all()
}

#[async_trait]
impl LogStore for Log {
    fn name(&self) -> String {
        // deltalake hands the bytes of a commit over, and not a file of its own, only to stores of known names.
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
        self.home.put(version, content).await
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
