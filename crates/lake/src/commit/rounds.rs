//! How a round is kept until it is committed: its name, its files, and the note with its changes.
//!
//! If files can be moved, a round is a folder ([`FolderRounds`]); otherwise it is a note ([`NoteRounds`]).

use std::fmt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::commit::intent::Intent;
use crate::commit::round_name::RoundName;
use crate::error::LakeError;
use crate::storage::{DatasetPath, Entry, Lock, Storage};

/// The folder on the local disk where the files of a round are written.
#[derive(Debug)]
pub(crate) struct RoundFolder {
    pub(crate) path: PathBuf,
    /// A folder outside the dataset, removed when this is dropped.
    pub(crate) temporary: Option<TempDir>,
}

/// Keeps the open rounds of a dataset.
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

    /// The round that an entry of the rounds folder represents; `None` if it is not a round but does no harm.
    ///
    /// # Errors
    /// If no run writes such an entry there.
    fn name_of(&self, entry: &Entry) -> Result<Option<RoundName>, &'static str>;

    /// The rounds that have begun and not ended, in the order in which they began.
    fn open(&self, storage: &dyn Storage) -> Result<Vec<RoundName>, LakeError> {
        let runs = runs(storage)?;
        let mut names = Vec::new();
        for entry in storage.list(&runs)? {
            let name = self
                .name_of(&entry)
                .map_err(|problem| unknown_entry(storage, &runs, &entry.name, problem))?;
            names.extend(name);
        }
        names.sort();
        Ok(names)
    }

    /// The path of a round's note.
    fn note(&self, storage: &dyn Storage, name: &RoundName) -> Result<DatasetPath, LakeError>;

    /// The note of a round; `None` if there is none.
    fn read(&self, storage: &dyn Storage, name: &RoundName) -> Result<Option<Intent>, LakeError> {
        let note = self.note(storage, name)?;
        let Some(found) = storage.read(&note)? else { return Ok(None) };
        Intent::from_json(&storage.path(&note), name, &found.content).map(Some)
    }

    /// Rewrites the note of a round.
    fn rewrite(&self, storage: &dyn Storage, intent: &Intent) -> Result<(), LakeError>;

    /// Moves files, given by their names in the round's folder, into place. Returns those that do not exist
    /// anywhere.
    fn deliver(
        &self,
        storage: &dyn Storage,
        name: &RoundName,
        files: &[(String, DatasetPath)],
    ) -> Result<Vec<DatasetPath>, LakeError>;

    /// Removes the rest of a round: its note first, because a round without one is discarded.
    fn end(&self, storage: &dyn Storage, name: &RoundName) -> Result<(), LakeError>;

    /// Removes a round that was not prepared. Returns whether it was removed: false if it was prepared or no
    /// longer exists.
    fn discard(&self, storage: &dyn Storage, name: &RoundName) -> Result<bool, LakeError>;
}

/// The folder of the open rounds.
pub(crate) fn runs(storage: &dyn Storage) -> Result<DatasetPath, LakeError> {
    storage.state().join_name("runs")
}

/// The error for an entry that no run writes in the rounds folder or in the folder of a round.
pub(crate) fn unknown_entry(
    storage: &dyn Storage,
    folder: &DatasetPath,
    name: &str,
    problem: &str,
) -> LakeError {
    let problem = format!("{problem}; nothing was removed: inspect it and remove it manually");
    LakeError::Foreign { path: storage.path(folder).join(name), problem }
}
