//! Chooses how a storage keeps rounds: as folders if files can be moved, otherwise as notes.

use crate::commit::bucket_round::NoteRounds;
use crate::commit::folder_round::FolderRounds;
use crate::commit::rounds::Rounds;
use crate::storage::Storage;

/// The way to keep rounds in this storage.
pub(crate) fn rounds_for(storage: &dyn Storage) -> &'static dyn Rounds {
    if storage.moves_files() { &FolderRounds } else { &NoteRounds }
}
