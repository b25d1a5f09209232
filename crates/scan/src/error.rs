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
    /// An invalid glob.
    #[error("{pattern}: not a glob: {message}")]
    Glob {
        /// As given.
        pattern: String,
        /// Why.
        message: String,
    },
    /// What begins with `s3://` and goes on otherwise than a bucket's name.
    #[error("{0}: not s3://BUCKET or s3://BUCKET/KEY")]
    Url(String),
    /// S3 said no.
    #[error(transparent)]
    S3(#[from] saltmine_s3::S3Error),
    /// There is no such object, and no key that begins so.
    #[error("{0}: no such object, and none whose key begins so")]
    NoObjects(String),
    /// A glob, or a folder, with no file in it.
    #[error("{path}: no files{}", hidden_text(*.hidden))]
    Empty {
        /// As given.
        path: String,
        /// Hidden files and folders that were passed over.
        hidden: u64,
    },
}

fn hidden_text(hidden: u64) -> String {
    match hidden {
        0 => String::new(),
        1 => "; 1 hidden file or folder was passed over".to_owned(),
        count => format!("; {count} hidden files or folders were passed over"),
    }
}

/// A batch that could not be built: a fault of this program.
#[derive(Debug, thiserror::Error)]
#[error("cannot build a record batch: {0}")]
pub struct ScanError(#[from] pub(crate) arrow::error::ArrowError);
