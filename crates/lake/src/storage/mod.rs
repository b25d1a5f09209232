//! Where the files of a dataset live: on disk or in S3.
//!
//! [`at`] is the only place that decides which of them a path means. All other rooms use a [`Storage`] and
//! name files by [`DatasetPath`], a checked path; they do not know which storage it is.

mod bucket;
mod bucket_folder;
pub(crate) mod disk;
#[cfg(test)]
pub(crate) mod failing;
mod file;
pub(crate) mod flusher;
mod interface;
mod lease;
mod opener;
pub(crate) mod path;

use std::path::Path;
use std::sync::Arc;

use saltmine_s3::S3Url;

use crate::error::LakeError;
use crate::storage::bucket::BucketStorage;
use crate::storage::disk::Disk;
pub(crate) use crate::storage::interface::{
    DeltaStores, Entry, FoundEntry, Kind, LocalFile, Lock, MAX_NOTE_BYTES, SmallFile, Storage, Version,
};
pub use crate::storage::lease::set_s3_lock_seconds;
pub(crate) use crate::storage::opener::Content;
pub(crate) use crate::storage::path::DatasetPath;

/// The storage of the dataset at a path: in S3 if it begins with `s3://`, otherwise on disk. Creates and
/// reads nothing.
///
/// # Errors
/// If no dataset can be stored there.
pub(crate) fn at(path: &Path) -> Result<Arc<dyn Storage>, LakeError> {
    match S3Url::of_path(path) {
        Some(url) => Ok(Arc::new(BucketStorage::at(&url)?)),
        None => Ok(Arc::new(Disk::at(path)?)),
    }
}

/// Refuses an S3 path, for operations that read files on disk.
pub(crate) fn must_be_on_disk(path: &Path, problem: &str) -> Result<(), LakeError> {
    match S3Url::of_path(path) {
        None => Ok(()),
        Some(_) => Err(LakeError::Unsupported { path: path.to_path_buf(), problem: problem.to_owned() }),
    }
}
