//! Errors of a dataset.

use std::io;
use std::path::{Path, PathBuf};

use crate::counted::counted;

/// Why a dataset could not be read or written. Each error names the place where it occurred.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// A file operation failed.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The operation, as an infinitive: `open`, `rename`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error from the system.
        source: io::Error,
    },

    /// An S3 request failed.
    #[error(transparent)]
    S3(#[from] saltmine_s3::S3Error),

    /// The folder contains no dataset.
    #[error("{}: not a saltmine dataset (no Delta tables logs, rejects and sources in it)", .0.display())]
    NotADataset(PathBuf),

    /// The folder for a new dataset contains other things.
    #[error("{}: the folder is not empty and is not a saltmine dataset", .0.display())]
    NotEmpty(PathBuf),

    /// The dataset is partitioned differently than requested.
    #[error("{}: the dataset is partitioned by {found}, not by {wanted}", path.display())]
    Partitioning {
        /// The dataset's folder.
        path: PathBuf,
        /// Partition columns of the dataset.
        found: String,
        /// Requested partition columns.
        wanted: String,
    },

    /// Another version of saltmine made the dataset, and this one cannot use it.
    #[error("{}: written by another version of saltmine: {problem}", path.display())]
    Version {
        /// The dataset's folder.
        path: PathBuf,
        /// The incompatible property.
        problem: String,
    },

    /// A run is writing to the dataset, and the operation requires that none does.
    #[error("{}: a run is writing to the dataset; try again when it is done", .0.display())]
    Busy(PathBuf),

    /// A Delta table could not be read or written.
    #[error("{}: Delta table: {source}", path.display())]
    Delta {
        /// The table's folder.
        path: PathBuf,
        /// The error from deltalake.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The log of a table contains something that saltmine would not have written.
    #[error("{}: {problem}", path.display())]
    Foreign {
        /// The table's folder.
        path: PathBuf,
        /// The unexpected content.
        problem: String,
    },

    /// A Parquet file could not be read or written.
    #[error("{}: Parquet: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The error from the parquet crate.
        source: parquet::errors::ParquetError,
    },

    /// Record batches were incompatible.
    #[error("Arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),

    /// The note of an interrupted run about its commit cannot be parsed. Nothing was changed.
    #[error("{}: cannot read the leftovers of an interrupted run: {problem}", path.display())]
    Intent {
        /// The note.
        path: PathBuf,
        /// The problem.
        problem: String,
    },

    /// A file that an interrupted run had written is missing, so its round cannot be completed.
    #[error("{}: file from an interrupted run is missing, so its round cannot be completed. Put the file back, or run \
        `saltmine recover DATASET --discard`, which discards the round and lists what is lost", .0.display())]
    Lost(PathBuf),

    /// A file in the staging folder is not as its writer described it.
    #[error("{}: {problem}", path.display())]
    Staged {
        /// The file.
        path: PathBuf,
        /// The difference.
        problem: String,
    },

    /// Another run has taken the lock of a dataset in S3, because this run did not renew it for too long.
    /// Rounds committed before that remain.
    #[error("{}: another run has taken the lock, because this one did not renew it in time; nothing more was committed",
        .0.display())]
    LockLost(PathBuf),

    /// The operation is not supported at the dataset's location.
    #[error("{}: {problem}", path.display())]
    Unsupported {
        /// The dataset's folder.
        path: PathBuf,
        /// The alternative.
        problem: String,
    },

    /// A source could not be read completely, or changed while it was read.
    #[error("{name}: {problem}; nothing of this round was committed")]
    Source {
        /// The source's name.
        name: String,
        /// The problem.
        problem: String,
    },

    /// With `strict`: some input was damaged or rejected.
    #[error("{} and {}; nothing of this round was committed", counted(*problems, "damaged source"), counted(*rejects, "rejected line"))]
    Strict {
        /// Sources that are damaged or unreadable.
        problems: u64,
        /// Rejected lines.
        rejects: u64,
    },

    /// The run was asked to stop. Rounds committed before that remain.
    #[error("interrupted: {committed}")]
    Stopped {
        /// What was saved, and how to continue, as text.
        committed: String,
    },

    /// A line has a time outside the years 1 to 9999, which readers of the table cannot represent.
    #[error(
        "the time of a line is {0} days from 1970, outside the years 1 to 9999; nothing of this round was committed"
    )]
    Day(i32),

    /// The system returned no random numbers.
    #[error("cannot get random numbers: {0}")]
    Random(String),

    /// Threads could not be started.
    #[error("cannot start threads: {0}")]
    Threads(String),

    /// A thread ended early because of a bug in this program. Nothing of its round was committed.
    #[error("a thread failed: {0}; this is a bug in saltmine; nothing of this round was committed")]
    Panicked(String),

    /// A remote task failed.
    #[error("{0}")]
    Remote(String),

    /// A failure requested by a test.
    #[cfg(test)]
    #[error("crash requested by a test")]
    Crash,
}

impl LakeError {
    /// The run was asked to stop before it committed anything.
    pub(crate) fn stopped() -> LakeError {
        LakeError::Stopped { committed: "nothing was saved; run the same command to start again".to_owned() }
    }

    /// The error for a thread that panicked.
    pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> LakeError {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        LakeError::Panicked(text.unwrap_or_else(|| "it panicked".to_owned()))
    }

    /// For `map_err` on file operations: the operation and path that failed.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LakeError {
        let path = path.to_path_buf();
        move |source| LakeError::Io { action, path, source }
    }

    /// For `map_err` on Parquet operations.
    pub(crate) fn parquet(path: &Path) -> impl FnOnce(parquet::errors::ParquetError) -> LakeError {
        let path = path.to_path_buf();
        move |source| LakeError::Parquet { path, source }
    }

    /// For `map_err` on Delta operations.
    pub(crate) fn delta<E: std::error::Error + Send + Sync + 'static>(
        path: &Path,
    ) -> impl FnOnce(E) -> LakeError {
        let path = path.to_path_buf();
        move |source| LakeError::Delta { path, source: Box::new(source) }
    }
}
