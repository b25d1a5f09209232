//! Errors that occur before a line is read.

use std::path::PathBuf;

/// A path that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The path does not exist.
    #[error("{}: no such file or folder", .0.display())]
    Missing(PathBuf),
    /// The path exists but cannot be listed.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An invalid glob.
    #[error("{pattern}: not a glob: {message}")]
    Glob {
        /// The glob as given.
        pattern: String,
        /// Why.
        message: String,
    },
    /// Begins with `s3://` but is not followed by a valid bucket name.
    #[error("{0}: not s3://BUCKET or s3://BUCKET/KEY")]
    Url(String),
    /// An S3 request failed.
    #[error(transparent)]
    S3(#[from] saltmine_s3::S3Error),
    /// There is no such object, and no key with this prefix.
    #[error("{0}: no such object, and no key with this prefix")]
    NoObjects(String),
    /// A glob, or a folder, that contains no file.
    #[error("{path}: no files{}", hidden_text(*.hidden))]
    Empty {
        /// The path as given.
        path: String,
        /// Hidden files and folders that were skipped.
        hidden: u64,
    },
}

fn hidden_text(hidden: u64) -> String {
    match hidden {
        0 => String::new(),
        1 => "; 1 hidden file or folder was skipped".to_owned(),
        count => format!("; {count} hidden files or folders were skipped"),
    }
}

/// A batch could not be built: a bug in this program.
#[derive(Debug, thiserror::Error)]
#[error("cannot build a record batch: {0}")]
pub struct ScanError(#[from] pub(crate) arrow::error::ArrowError);
