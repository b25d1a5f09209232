//! Resource limits of a compaction, and the check whether it should stop.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::encode::ROW_GROUP_MEMORY;
use crate::error::LakeError;

/// Resource limits of a compaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Approximate number of bytes of files that a round replaces. A kill loses the work of one round, and
    /// the new files wait on disk.
    pub(crate) round: u64,
    /// Bytes of memory for the row groups under construction.
    pub(crate) row_groups: usize,
    /// Bytes of S3 files that are kept on the local disk while the rows of a partition are compared. Further
    /// files are fetched again for each pass.
    pub(crate) copies: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { round: 4 << 30, row_groups: ROW_GROUP_MEMORY, copies: 4 << 30 }
    }
}

/// Fails once `stop` is true.
pub(crate) fn stopped(stop: Option<&AtomicBool>) -> Result<(), LakeError> {
    match stop {
        Some(stop) if stop.load(Ordering::Relaxed) => Err(LakeError::stopped()),
        _ => Ok(()),
    }
}
