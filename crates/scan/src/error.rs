//! What can go wrong before a line is read.

use std::path::PathBuf;

/// A path that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Nothing is there.
    #[error("{}: no such file or folder", .0.display())]
    Missing(PathBuf),
    /// It is there, but cannot be listed.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A glob that is none.
    #[error("{pattern}: not a glob: {message}")]
    Glob {
        /// As given.
        pattern: String,
        /// Why.
        message: String,
    },
    /// A glob, or a folder, with no file in it.
    #[error("{0}: no files")]
    Empty(String),
}

/// A batch that could not be built: a fault of this program.
#[derive(Debug, thiserror::Error)]
#[error("cannot build a record batch: {0}")]
pub struct ScanError(#[from] pub(crate) arrow::error::ArrowError);
