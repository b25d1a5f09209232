//! What can go wrong with a dataset.

use std::io;
use std::path::{Path, PathBuf};

/// Why a dataset could not be read or written. Each error names the place it happened at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// A file operation failed.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// What was tried, as an infinitive: `open`, `rename`.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// An S3 request failed.
    #[error(transparent)]
    S3(#[from] saltmine_s3::S3Error),

    /// The folder holds no dataset.
    #[error("{}: not a saltmine dataset (no Delta tables logs, rejects and sources in it)", .0.display())]
    NotADataset(PathBuf),

    /// A dataset was to be made in a folder that holds other things.
    #[error("{}: the folder is not empty and holds no saltmine dataset", .0.display())]
    NotEmpty(PathBuf),

    /// The dataset has another partitioning than the one asked for.
    #[error("{}: the dataset is partitioned by {found}, not by {wanted}", path.display())]
    Partitioning {
        /// The dataset's folder.
        path: PathBuf,
        /// Partition columns of the dataset.
        found: String,
        /// Partition columns asked for.
        wanted: String,
    },

    /// The dataset was made by another version of saltmine, and this one cannot use it.
    #[error("{}: made by another version of saltmine: {problem}", path.display())]
    Version {
        /// The dataset's folder.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },

    /// A run is writing to the dataset, and what was asked for needs it to be quiet.
    #[error("{}: a run is writing to the dataset; try again when it has ended", .0.display())]
    Busy(PathBuf),

    /// A Delta table could not be read or written.
    #[error("{}: Delta table: {source}", path.display())]
    Delta {
        /// The table's folder.
        path: PathBuf,
        /// What deltalake said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A table's log names something that saltmine would not have written there.
    #[error("{}: {problem}", path.display())]
    Foreign {
        /// The table's folder.
        path: PathBuf,
        /// What was found.
        problem: String,
    },

    /// A Parquet file could not be read or written.
    #[error("{}: Parquet: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the parquet crate said.
        source: parquet::errors::ParquetError,
    },

    /// Record batches did not fit together.
    #[error("Arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),

    /// The note of what an interrupted run was about to commit cannot be understood. Nothing was changed.
    #[error("{}: cannot read what an interrupted run left: {problem}", path.display())]
    Intent {
        /// The note.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },

    /// A file that an interrupted run had written is missing, so that its round cannot be completed.
    #[error("{}: file from an interrupted run is missing, so its round cannot be completed. Put the file back, or run \
        `saltmine recover DATASET --discard`, which puts the round aside and says what is lost", .0.display())]
    Lost(PathBuf),

    /// A file in the staging folder is not as its writer said.
    #[error("{}: {problem}", path.display())]
    Staged {
        /// The file.
        path: PathBuf,
        /// What differs.
        problem: String,
    },

    /// Another run has taken the lock of a dataset in S3, as this one was silent for too long. What it had committed
    /// before stays.
    #[error("{}: another run has taken the lock, as this one was silent for too long; nothing more was committed",
        .0.display())]
    LockLost(PathBuf),

    /// What was asked for is not done where the dataset is.
    #[error("{}: {problem}", path.display())]
    Unsupported {
        /// The dataset's folder.
        path: PathBuf,
        /// What to do instead.
        problem: String,
    },

    /// A source could not be read to its end, or changed while it was read.
    #[error("{name}: {problem}; nothing of this round was committed")]
    Source {
        /// The source's name.
        name: String,
        /// What happened.
        problem: String,
    },

    /// With `strict`: not all input was read well.
    #[error("{problems} damaged sources and {rejects} rejected lines; nothing of this round was committed")]
    Strict {
        /// Sources that did not end well.
        problems: u64,
        /// Lines that did not read.
        rejects: u64,
    },

    /// The run was asked to stop. What it had committed before stays.
    #[error("interrupted: {committed}")]
    Stopped {
        /// What was committed, and what the same command will do, in words.
        committed: String,
    },

    /// The time of a line is outside of the years 1 to 9999, which no reader of a table holds.
    #[error(
        "the time of a line is {0} days from 1970, outside of the years 1 to 9999; nothing of this round was committed"
    )]
    Day(i32),

    /// The system gave no random numbers.
    #[error("cannot draw random numbers: {0}")]
    Random(String),

    /// Threads could not be started.
    #[error("cannot start threads: {0}")]
    Threads(String),

    /// A thread ended early by a fault of this program. Nothing of its round was committed.
    #[error("a thread failed: {0}; this is a fault of saltmine; nothing of this round was committed")]
    Panicked(String),

    /// A remote task failed.
    #[error("{0}")]
    Remote(String),

    /// A failure that a test asked for.
    #[cfg(test)]
    #[error("crash asked for by a test")]
    Crash,
}

impl LakeError {
    /// The run was asked to stop before it committed anything.
    pub(crate) fn stopped() -> LakeError {
        LakeError::Stopped { committed: "nothing was saved; run the same command to start again".to_owned() }
    }

    /// What a thread panicked with.
    pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> LakeError {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        LakeError::Panicked(text.unwrap_or_else(|| "it panicked".to_owned()))
    }

    /// For `map_err` on file operations: says what was tried on which path.
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
