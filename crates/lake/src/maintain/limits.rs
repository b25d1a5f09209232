//! What a compaction takes at most, and whether it is to stop.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::encode::ROW_GROUP_MEMORY;
use crate::error::LakeError;

/// What a compaction takes at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of files that a round replaces, about. A kill costs the work of one round, and what takes their place waits on the
    /// disk.
    pub(crate) round: u64,
    /// Bytes of memory of the row groups under construction.
    pub(crate) row_groups: usize,
    /// Bytes of files of S3 that are kept on the local disk while the rows of a partition are compared. What is more is
    /// fetched again for each pass.
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
