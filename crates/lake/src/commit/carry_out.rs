//! Carries out the intent in a note: every step can be repeated, wherever the last attempt stopped.

use std::sync::Arc;

use crate::commit::delta_log::{self, Change};
use crate::commit::intent::{Intent, TableChange};
use crate::commit::rounds::Rounds;
use crate::error::LakeError;
use crate::storage::Storage;
use crate::table::delta_log::has_transaction;

impl Intent {
    /// Moves files into place, commits, deletes replaced files, and ends the round. Skips steps that were
    /// already done.
    pub(crate) fn carry_out(&self, storage: &Arc<dyn Storage>, rounds: &dyn Rounds) -> Result<(), LakeError> {
        for change in &self.changes {
            self.carry_out_change(storage, rounds, change)?;
        }
        rounds.end(storage.as_ref(), &self.name())
    }

    fn carry_out_change(
        &self,
        storage: &Arc<dyn Storage>,
        rounds: &dyn Rounds,
        change: &TableChange,
    ) -> Result<(), LakeError> {
        let (name, table) = (self.name(), change.table);
        let transaction = name.to_string();
        let lost = rounds.deliver(storage.as_ref(), &name, &change.moves()?)?;
        if let Some(file) = lost.first()
            && !has_transaction(storage.as_ref(), table, &transaction)?
        {
            return Err(LakeError::Lost(storage.path(file)));
        }
        let add = change.add.iter().map(|file| file.entry.clone()).collect();
        let (remove, drops_rows) = (change.remove.clone(), change.drops_rows);
        let notes = self.notes();
        let changed = Change { transaction: &transaction, add, remove, drops_rows, notes };
        delta_log::apply(storage, table, changed)?;
        storage.remove(&change.replaced()?)
    }
}
