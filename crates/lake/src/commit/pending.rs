//! Rounds of runs that have not ended.

use crate::commit::rounds::rounds_of;
use crate::error::LakeError;
use crate::table::dataset::Dataset;

impl Dataset {
    /// How many rounds a run is working on, or has left behind where it was interrupted. The next run completes or removes
    /// the latter.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub fn pending_rounds(&self) -> Result<u64, LakeError> {
        let storage = self.storage().as_ref();
        Ok(rounds_of(storage).open(storage)?.len() as u64)
    }
}
