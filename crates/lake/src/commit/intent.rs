//! What a round is about to commit, written down before anything is moved.
//!
//! Once the note is in the staging folder, the round is carried out, by its own run or by the next one: every step
//! can be taken again, from wherever the last attempt stopped. Without a note nothing outside the staging folder was
//! touched, and the folder can go.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::commit::delta_log::{self, Change};
use crate::error::LakeError;
use crate::storage::disk;
use crate::storage::path::inside;
use crate::storage::{self, is_remote};
use crate::table::dataset::Dataset;
use crate::table::delta_log::{FileEntry, has_transaction};
use crate::table::layout::{self, Table};

/// Name of the note in the staging folder.
const NOTE: &str = "intent.json";
/// Raised when the note changes so that an older saltmine must not carry it out.
const FORMAT: u32 = 1;

/// All that a round changes, table by table, in the order in which it is done.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Intent {
    format: u32,
    pub(crate) run_id: String,
    pub(crate) round: u32,
    #[serde(default)]
    pub(crate) phase: Phase,
    saltmine_version: String,
    pub(crate) changes: Vec<TableChange>,
}

/// How far a round is. On the disk there is no note before it is prepared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// Its files are on their way to S3.
    Uploading,
    /// All that it needs is there: it is certain to be committed.
    #[default]
    Prepared,
    /// Its files are being removed.
    Discarded,
}

/// What a round changes in one table.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TableChange {
    pub(crate) table: Table,
    pub(crate) add: Vec<PlannedFile>,
    /// Files whose rows are in `add` now. They are deleted after the commit.
    #[serde(default)]
    pub(crate) remove: Vec<FileEntry>,
    /// Not all rows of `remove` are in `add`.
    #[serde(default)]
    pub(crate) drops_rows: bool,
}

/// A file in the staging folder and what it is to become.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlannedFile {
    /// Path relative to the staging folder.
    pub(crate) staged: String,
    pub(crate) rows: u64,
    #[serde(flatten)]
    pub(crate) entry: FileEntry,
}

impl Intent {
    pub(crate) fn new(run_id: &str, round: u32, changes: Vec<TableChange>) -> Self {
        let saltmine_version = env!("CARGO_PKG_VERSION").to_owned();
        let (run_id, phase) = (run_id.to_owned(), Phase::default());
        Self { format: FORMAT, run_id, round, phase, saltmine_version, changes }
    }

    /// The note in a staging folder; `None` if the round was not prepared.
    pub(crate) fn read(staging: &Path) -> Result<Option<Intent>, LakeError> {
        let path = staging.join(NOTE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LakeError::io("read", &path)(error)),
        };
        Self::from_json(&path, &text).map(Some)
    }

    /// Reads the text of a note, which is that of `path`.
    pub(crate) fn from_json(path: &Path, text: &[u8]) -> Result<Intent, LakeError> {
        let fault = |problem: String| LakeError::Intent { path: path.to_path_buf(), problem };
        let intent: Intent = serde_json::from_slice(text).map_err(|error| fault(error.to_string()))?;
        if intent.format != FORMAT {
            return Err(fault(format!("its format is {}, this saltmine knows {FORMAT}", intent.format)));
        }
        Ok(intent)
    }

    /// The text of the note, which is to be at `path`.
    pub(crate) fn to_json(&self, path: &Path) -> Result<Vec<u8>, LakeError> {
        let fault = |problem: String| LakeError::Intent { path: path.to_path_buf(), problem };
        serde_json::to_vec(self).map_err(|error| fault(error.to_string()))
    }

    /// Writes the note. From here on the round is certain to be committed.
    pub(crate) fn write(&self, staging: &Path) -> Result<(), LakeError> {
        let path = staging.join(NOTE);
        disk::write_whole(&path, &self.to_json(&path)?)
    }

    /// Moves files, commits, deletes what was replaced and removes the staging folder, or, in S3, the note at `staging`;
    /// passes over what was done before.
    pub(crate) fn carry_out(&self, dataset: &Dataset, staging: &Path) -> Result<(), LakeError> {
        for change in &self.changes {
            self.carry_out_change(dataset, staging, change)?;
        }
        dataset.faults.step()?;
        if is_remote(staging) {
            return storage::remove_file(staging);
        }
        // The note goes first: a folder without it is discarded.
        disk::remove_file(&staging.join(NOTE))?;
        disk::sync_folder(staging)?;
        dataset.faults.step()?;
        disk::remove_folder(staging)?;
        disk::sync_folder(&layout::runs_folder(dataset.root()))
    }

    fn carry_out_change(
        &self,
        dataset: &Dataset,
        staging: &Path,
        change: &TableChange,
    ) -> Result<(), LakeError> {
        let folder = change.table.folder(dataset.root());
        let transaction = layout::round_name(&self.run_id, self.round);
        let lost = if is_remote(&folder) {
            let files = change.add.iter().map(|file| target(&folder, &file.entry.path));
            storage::missing(files.collect::<Result<_, _>>()?)?.pop()
        } else {
            move_files(dataset, &folder, staging, &change.add)?
        };
        if let Some(path) = lost
            && !has_transaction(&folder, &transaction)?
        {
            return Err(LakeError::Lost(path));
        }
        dataset.faults.step()?;
        let notes = json!({
            "saltmine.runId": self.run_id,
            "saltmine.round": self.round,
            "saltmine.version": self.saltmine_version,
            "saltmine.staging": staging.file_name().unwrap_or_default().to_string_lossy(),
        });
        let notes = notes.as_object().cloned().unwrap_or_default().into_iter().collect();
        let add = change.add.iter().map(|file| file.entry.clone()).collect();
        let (remove, drops_rows) = (change.remove.clone(), change.drops_rows);
        let changed = Change { transaction: &transaction, add, remove, drops_rows, notes };
        delta_log::apply(&folder, &layout::tmp_folder(dataset.root()), changed)?;
        dataset.faults.step()?;
        delete_replaced(dataset, &folder, &change.remove)
    }
}

/// Moves staged files to where they belong, and gives the first that is in neither place.
fn move_files(
    dataset: &Dataset,
    folder: &Path,
    staging: &Path,
    files: &[PlannedFile],
) -> Result<Option<PathBuf>, LakeError> {
    let mut lost = None;
    let mut changed = BTreeSet::new();
    for file in files {
        let (from, to) = (staging.join(&file.staged), target(folder, &file.entry.path)?);
        if from.exists() {
            let parent = to.parent().unwrap_or(folder);
            if changed.insert(parent.to_path_buf()) {
                disk::make_folder(parent)?;
            }
            fs::rename(&from, &to).map_err(LakeError::io("rename", &from))?;
            dataset.faults.step()?;
        } else if lost.is_none() && !to.exists() {
            lost = Some(to);
        }
    }
    changed.iter().try_for_each(|parent| disk::sync_folder(parent))?;
    Ok(lost)
}

fn delete_replaced(dataset: &Dataset, folder: &Path, files: &[FileEntry]) -> Result<(), LakeError> {
    for file in files {
        storage::remove_file(&target(folder, &file.path)?)?;
        dataset.faults.step()?;
    }
    Ok(())
}

/// Where a file of a table is.
pub(crate) fn target(folder: &Path, relative: &str) -> Result<PathBuf, LakeError> {
    inside(folder, relative).ok_or_else(|| LakeError::Foreign {
        path: folder.to_path_buf(),
        problem: format!("not a path inside the table: {relative:?}"),
    })
}
