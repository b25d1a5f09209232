//! A round of a dataset in S3.
//!
//! There a file cannot be moved to its place when the round is prepared: it is written there before, under a name that
//! nobody else gives, and is no part of a table until a commit names it. So the note of what the round changes (the
//! [`Intent`]) goes to `_saltmine/runs/RUN-rROUND.json` first, marked as one that is uploading. When all files are up the
//! mark is taken off, on the condition that the note is still the same: from then on the round is certain to be committed.
//!
//! A run that dies before leaves a marked note: the next one marks it as discarded, on the same condition, then removes
//! the files that it names, then the note. One that dies after it leaves a note that the next one carries out. A run that
//! only slept, while another took its lock and discarded its note, finds the condition broken and commits nothing; one
//! that begins a round after it lost the lock finds that out by [`Lease::check`], which comes after the note is there for
//! others to find, and before the mark is off.

use std::path::{Path, PathBuf};

use crate::commit::intent::{Intent, Phase, target};
use crate::error::LakeError;
use crate::storage::lease::Lease;
use crate::storage::{self, OnCondition};
use crate::table::dataset::Dataset;
use crate::table::layout;

/// Brings the files of a round from the disk to where they belong, and the note to where it is certain to be carried out.
pub(crate) fn prepare(
    dataset: &Dataset,
    lease: &Lease,
    intent: &mut Intent,
    staging: &Path,
) -> Result<PathBuf, LakeError> {
    let note = layout::round_note(dataset.root(), &intent.run_id, intent.round);
    intent.phase = Phase::Uploading;
    let written = storage::write_note(&note, intent.to_json(&note)?, OnCondition::Absent)?;
    let etag = written.ok_or_else(|| lost(&note))?;
    dataset.faults.step()?;
    lease.check()?;
    let mut files = Vec::new();
    for change in &intent.changes {
        let folder = change.table.folder(dataset.root());
        for file in &change.add {
            files.push((staging.join(&file.staged), target(&folder, &file.entry.path)?));
        }
    }
    storage::upload_all(&files)?;
    dataset.faults.step()?;
    intent.phase = Phase::Prepared;
    if storage::write_note(&note, intent.to_json(&note)?, OnCondition::Same(etag))?.is_none() {
        // Whoever discarded the note may have looked for the files before they were there.
        storage::remove_all(&files.into_iter().map(|(_, to)| to).collect::<Vec<_>>())?;
        return Err(lost(&note));
    }
    dataset.faults.step()?;
    Ok(note)
}

/// Removes what a round had written that was not prepared. Gives whether it was discarded: false if it was prepared, or
/// is gone by now.
pub(crate) fn discard(dataset: &Dataset, note: &Path) -> Result<bool, LakeError> {
    let Some((text, Some(etag))) = storage::read_note(note)? else { return Ok(false) };
    let mut intent = Intent::from_json(note, &text)?;
    match intent.phase {
        Phase::Prepared => return Ok(false),
        Phase::Discarded => {}
        Phase::Uploading => {
            intent.phase = Phase::Discarded;
            if storage::write_note(note, intent.to_json(note)?, OnCondition::Same(etag))?.is_none() {
                return Ok(false);
            }
        }
    }
    dataset.faults.step()?;
    let mut files = Vec::new();
    for change in &intent.changes {
        let folder = change.table.folder(dataset.root());
        for file in &change.add {
            files.push(target(&folder, &file.entry.path)?);
        }
    }
    storage::remove_all(&files)?;
    dataset.faults.step()?;
    storage::remove_file(note)?;
    Ok(true)
}

/// The notes of rounds, in the order in which the rounds began.
pub(crate) fn notes(root: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let notes = storage::files(&layout::runs_folder(root))?;
    Ok(notes.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect())
}

/// The note at a path, if it is there and prepared.
pub(crate) fn prepared(note: &Path) -> Result<Option<Intent>, LakeError> {
    let Some((text, _)) = storage::read_note(note)? else { return Ok(None) };
    Ok(Some(Intent::from_json(note, &text)?).filter(|intent| intent.phase == Phase::Prepared))
}

fn lost(note: &Path) -> LakeError {
    LakeError::LockLost(note.to_path_buf())
}
