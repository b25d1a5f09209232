//! How a round waits until it is committed: its name, its files, and the note of what it changes.
//!
//! Where files can be moved, a round is a folder ([`InFolders`]); where they cannot, it is a note ([`InNotes`]).

use std::fmt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use uuid::Uuid;

use crate::commit::bucket_round::InNotes;
use crate::commit::folder_round::InFolders;
use crate::commit::intent::Intent;
use crate::error::LakeError;
use crate::storage::{Inside, Lock, Storage};

/// The run and the number of a round, from 1: its name, and the id of its transactions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RoundName {
    pub(crate) run_id: String,
    pub(crate) round: u32,
}

impl RoundName {
    pub(crate) fn new(run_id: &str, round: u32) -> Self {
        Self { run_id: run_id.to_owned(), round }
    }

    /// Reads `UUID-rNNNN`; `None` if it is not the name of a round.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (run_id, round) = text.rsplit_once("-r")?;
        let is_run = Uuid::try_parse(run_id).is_ok_and(|id| id.hyphenated().to_string() == run_id);
        let name = Self::new(run_id, round.parse().ok()?);
        (is_run && name.to_string() == text).then_some(name)
    }

    /// Name of the `number`th file that the round adds to a table.
    pub(crate) fn part(&self, number: usize) -> String {
        format!("part-{self}-{number:05}.parquet")
    }
}

impl fmt::Display for RoundName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-r{:04}", self.run_id, self.round)
    }
}

/// The folder on the local disk where the files of a round are written.
#[derive(Debug)]
pub(crate) struct RoundFolder {
    pub(crate) path: PathBuf,
    /// Outside of the dataset: removed with the value.
    pub(crate) temporary: Option<TempDir>,
}

/// Keeps the rounds of a dataset.
pub(crate) trait Rounds: fmt::Debug + Sync {
    /// Begins a round.
    fn begin(&self, storage: &dyn Storage, name: &RoundName) -> Result<RoundFolder, LakeError>;

    /// Makes a round certain to be committed: its files and its note are where the next run finds them.
    fn prepare(
        &self,
        storage: &dyn Storage,
        lock: &dyn Lock,
        intent: &mut Intent,
        folder: &Path,
    ) -> Result<(), LakeError>;

    /// The rounds that were begun and not ended, in the order in which they were begun.
    fn open(&self, storage: &dyn Storage) -> Result<Vec<RoundName>, LakeError>;

    /// The note of a round; `None` if there is none.
    fn read(&self, storage: &dyn Storage, name: &RoundName) -> Result<Option<Intent>, LakeError>;

    /// Writes the note of a round anew.
    fn rewrite(&self, storage: &dyn Storage, intent: &Intent) -> Result<(), LakeError>;

    /// Brings files, by their names in the round's folder, to their places. Gives those that are nowhere.
    fn deliver(
        &self,
        storage: &dyn Storage,
        name: &RoundName,
        files: &[(String, Inside)],
    ) -> Result<Vec<Inside>, LakeError>;

    /// Removes what is left of a round: its note first, as a round without one is discarded.
    fn end(&self, storage: &dyn Storage, name: &RoundName) -> Result<(), LakeError>;

    /// Removes a round that was not prepared. Gives whether it was removed: false if it was prepared, or is gone.
    fn discard(&self, storage: &dyn Storage, name: &RoundName) -> Result<bool, LakeError>;
}

/// Keeps the rounds of a dataset in this storage.
pub(crate) fn rounds_of(storage: &dyn Storage) -> &'static dyn Rounds {
    if storage.moves_files() { &InFolders } else { &InNotes }
}

/// The folder of the rounds that are open.
pub(crate) fn runs(storage: &dyn Storage) -> Result<Inside, LakeError> {
    storage.state().join_name("runs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rounds_and_others() {
        let run = "019a0000-0000-7000-8000-000000000001";
        for round in [1, 9999, 10_000] {
            let name = RoundName::new(run, round);
            assert_eq!(RoundName::parse(&name.to_string()), Some(name));
        }
        for other in [
            "left",
            "..",
            "x-r0001",
            "019a0000-0000-7000-8000-000000000001",
            "019a0000-0000-7000-8000-000000000001-r1",
            "019a0000-0000-7000-8000-000000000001-r+001",
            "019A0000-0000-7000-8000-000000000001-r0001",
            "019a000000007000800000000000000 1-r0001",
        ] {
            assert_eq!(RoundName::parse(other), None, "{other}");
        }
    }
}
