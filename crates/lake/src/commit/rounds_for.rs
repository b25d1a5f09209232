//! Chooses how a storage keeps rounds: as folders if files can be moved, otherwise as notes.

use crate::commit::bucket_round::InNotes;
use crate::commit::folder_round::InFolders;
use crate::commit::rounds::Rounds;
use crate::storage::Storage;

/// The way to keep rounds in this storage.
pub(crate) fn rounds_for(storage: &dyn Storage) -> &'static dyn Rounds {
    if storage.moves_files() { &InFolders } else { &InNotes }
}
