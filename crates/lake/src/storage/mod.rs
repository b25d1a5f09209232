//! Where the files of a dataset live: on the disk, or in S3.
//!
//! [`at`] is the one place that asks which of them a path means. All other rooms have a [`Storage`], name files by
//! [`Inside`], a path that was checked, and do not know what is behind it.

mod bucket;
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
use crate::storage::bucket::InBucket;
use crate::storage::disk::Disk;
pub(crate) use crate::storage::interface::{
    DeltaStores, Entry, Found, Kind, LARGEST_NOTE, LocalFile, Lock, SmallFile, Storage, Version,
};
pub use crate::storage::lease::set_s3_lock_seconds;
pub(crate) use crate::storage::opener::Content;
pub(crate) use crate::storage::path::Inside;

/// The storage of the dataset at a path: in S3 if it begins with `s3://`, else on the disk. Nothing is made or read there.
///
/// # Errors
/// If a dataset cannot be there.
pub(crate) fn at(path: &Path) -> Result<Arc<dyn Storage>, LakeError> {
    match S3Url::of_path(path) {
        Some(url) => Ok(Arc::new(InBucket::at(&url)?)),
        None => Ok(Arc::new(Disk::at(path)?)),
    }
}

/// Refuses a path of S3, where what is asked for reads files of the disk.
pub(crate) fn must_be_on_disk(path: &Path, problem: &str) -> Result<(), LakeError> {
    match S3Url::of_path(path) {
        None => Ok(()),
        Some(_) => Err(LakeError::Unsupported { path: path.to_path_buf(), problem: problem.to_owned() }),
    }
}
