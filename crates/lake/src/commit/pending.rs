//! Open rounds, and what readers see in the meantime.

use std::thread;
use std::time::Duration;

use crate::commit::rounds_for::rounds_for;
use crate::error::LakeError;
use crate::table::dataset::{DataFile, Dataset};
use crate::table::layout::Table;

/// How often a reader waits for a round that is being committed, and how long each time. An interrupted run
/// may have left the round, so a reader does not wait forever. Tests do, on however slow a machine.
const MAX_WAITS: u32 = if cfg!(test) { 50_000 } else { 50 };
const WAIT_TIME: Duration = Duration::from_millis(20);

impl Dataset {
    /// The number of rounds that a run is working on, or that an interrupted run left. The next run completes
    /// or removes the latter.
    ///
    /// # Errors
    /// If the rounds cannot be listed.
    pub fn pending_rounds(&self) -> Result<u64, LakeError> {
        let storage = self.storage().as_ref();
        Ok(rounds_for(storage).open(storage)?.len() as u64)
    }

    /// The files of several tables at one moment. A round commits to one table after another, and a reader in
    /// between would see rows without the ledger rows of their sources. So this waits up to a second for such
    /// a round; a round left by an interrupted run is seen as far as it was committed.
    ///
    /// # Errors
    /// See [`Dataset::files`].
    pub fn files_together(&self, tables: &[Table]) -> Result<Vec<Vec<DataFile>>, LakeError> {
        for _ in 0..MAX_WAITS {
            if !self.is_committing()? {
                let read = tables.iter().map(|table| self.checked_files(*table));
                let (versions, files): (Vec<_>, Vec<_>) =
                    read.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
                if !self.is_committing()? && !self.is_newer(tables, &versions)? {
                    return Ok(files);
                }
            }
            thread::sleep(WAIT_TIME);
        }
        tables.iter().map(|table| self.files(*table)).collect()
    }

    /// Whether any table has a commit after this version.
    fn is_newer(&self, tables: &[Table], versions: &[u64]) -> Result<bool, LakeError> {
        let next = tables.iter().zip(versions).map(|(table, version)| {
            table.log().join_name(&format!("{:020}.json", version.saturating_add(1)))
        });
        let next = next.collect::<Result<Vec<_>, _>>()?;
        Ok(self.storage().missing(&next)?.len() < next.len())
    }

    /// Whether a round has been prepared but is not yet in all of its tables.
    fn is_committing(&self) -> Result<bool, LakeError> {
        let storage = self.storage().as_ref();
        let rounds = rounds_for(storage);
        for round in rounds.open(storage)? {
            if rounds.read(storage, &round)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
