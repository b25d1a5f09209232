//! A round where files cannot be moved, as in S3: a note, `_saltmine/runs/RUN-rROUND.json`.
//!
//! In S3, files cannot be moved into place after a round is prepared. They are uploaded beforehand, under
//! names that no other writer uses, and are not part of a table until a commit names them. So the note with
//! the changes of the round (the [`Intent`]) is written first, marked as uploading. When all files are
//! uploaded, the mark is removed, provided that the note is unchanged: from then on the round is certain to
//! be committed.
//!
//! If a run dies before that, it leaves a marked note. The next run marks it as discarded, under the same
//! condition, removes the files that it names, and then the note. If a run dies later, the next run carries
//! out the note. A run that only slept while another took its lock and discarded its note finds the condition
//! violated and commits nothing. A run that begins a round after losing the lock finds this out through
//! [`Lock::check`], which is called after others can see the note and before the mark is removed.

use std::path::{Path, PathBuf};

use crate::commit::intent::{Intent, Phase};
use crate::commit::round_name::RoundName;
use crate::commit::rounds::{RoundFolder, Rounds, runs};
use crate::error::LakeError;
use crate::storage::{DatasetPath, Entry, Lock, Storage};

/// Rounds kept as notes.
#[derive(Debug)]
pub(crate) struct NoteRounds;

fn lost(storage: &dyn Storage, note: &DatasetPath) -> LakeError {
    LakeError::LockLost(storage.path(note))
}

impl Rounds for NoteRounds {
    fn note(&self, storage: &dyn Storage, name: &RoundName) -> Result<DatasetPath, LakeError> {
        runs(storage)?.join_name(&format!("{name}.json"))
    }

    fn name_of(&self, entry: &Entry) -> Result<Option<RoundName>, &'static str> {
        let Some(stem) = entry.name.strip_suffix(".json") else { return Ok(None) };
        RoundName::parse(stem).map(Some).ok_or("not the note of a round")
    }

    fn begin(&self, _: &dyn Storage, _: &RoundName) -> Result<RoundFolder, LakeError> {
        let temporary = tempfile::Builder::new().prefix("saltmine-").tempdir();
        let temporary = temporary.map_err(LakeError::io("create a folder in", &std::env::temp_dir()))?;
        Ok(RoundFolder { path: temporary.path().to_path_buf(), temporary: Some(temporary) })
    }

    fn prepare(
        &self,
        storage: &dyn Storage,
        lock: &dyn Lock,
        intent: &mut Intent,
        folder: &Path,
    ) -> Result<(), LakeError> {
        let note = self.note(storage, &intent.name())?;
        let path = storage.path(&note);
        intent.phase = Phase::Uploading;
        let written = storage.create(&note, &intent.to_json(&path)?)?;
        let version = written.ok_or_else(|| lost(storage, &note))?;
        lock.check()?;
        let files: Vec<(PathBuf, DatasetPath)> = intent
            .targets()?
            .into_iter()
            .zip(intent.files())
            .map(|(to, file)| (folder.join(&file.staged), to))
            .collect();
        storage.place(&files)?;
        intent.phase = Phase::Prepared;
        if storage.replace(&note, &intent.to_json(&path)?, &version)?.is_none() {
            // Another run that discarded the note may have looked for the files before they existed.
            storage.remove(&intent.targets()?)?;
            return Err(lost(storage, &note));
        }
        Ok(())
    }

    fn rewrite(&self, storage: &dyn Storage, intent: &Intent) -> Result<(), LakeError> {
        let note = self.note(storage, &intent.name())?;
        let found = storage.read(&note)?.ok_or_else(|| lost(storage, &note))?;
        let written = storage.replace(&note, &intent.to_json(&storage.path(&note))?, &found.version)?;
        written.map(drop).ok_or_else(|| lost(storage, &note))
    }

    /// The files have been in place since the round was prepared.
    fn deliver(
        &self,
        storage: &dyn Storage,
        _: &RoundName,
        files: &[(String, DatasetPath)],
    ) -> Result<Vec<DatasetPath>, LakeError> {
        storage.missing(&files.iter().map(|(_, to)| to.clone()).collect::<Vec<_>>())
    }

    fn end(&self, storage: &dyn Storage, name: &RoundName) -> Result<(), LakeError> {
        storage.remove(&[self.note(storage, name)?])
    }

    fn discard(&self, storage: &dyn Storage, name: &RoundName) -> Result<bool, LakeError> {
        let note = self.note(storage, name)?;
        let path = storage.path(&note);
        let Some(found) = storage.read(&note)? else { return Ok(false) };
        let mut intent = Intent::from_json(&path, name, &found.content)?;
        match intent.phase {
            Phase::Prepared => return Ok(false),
            Phase::Discarded => {}
            Phase::Uploading => {
                intent.phase = Phase::Discarded;
                if storage.replace(&note, &intent.to_json(&path)?, &found.version)?.is_none() {
                    return Ok(false);
                }
            }
        }
        storage.remove(&intent.targets()?)?;
        storage.remove(&[note])?;
        Ok(true)
    }
}
