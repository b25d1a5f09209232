//! The intent: what a round is about to commit, written down before anything is moved.
//!
//! Once the note is where the next run can find it, the round will be carried out, by its own run or by the
//! next one: every step can be repeated, wherever the last attempt stopped. Without a note, the round is
//! discarded.
//!
//! Whoever supplied the dataset may have planted a note: every path in it passes the checks of
//! [`Table::data_file`] and [`is_name`] when it is read.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::commit::round_name::RoundName;
use crate::error::LakeError;
use crate::storage::path::is_name;
use crate::storage::{DatasetPath, MAX_NOTE_BYTES};
use crate::table::delta_log::FileEntry;
use crate::table::layout::Table;

/// Incremented when the note changes in a way that older versions of saltmine must not carry out.
const FORMAT: u32 = 1;

/// All changes of a round, table by table, in order of execution.
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

/// The progress of a round. On disk, no note exists before the round is prepared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// Its files are being uploaded to S3.
    Uploading,
    /// Everything it needs is in place: it is certain to be committed.
    #[default]
    Prepared,
    /// Its files are being removed.
    Discarded,
}

/// The changes of a round in one table.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TableChange {
    pub(crate) table: Table,
    pub(crate) add: Vec<PlannedFile>,
    /// Files whose rows are now in `add`. They are deleted after the commit.
    #[serde(default)]
    pub(crate) remove: Vec<FileEntry>,
    /// Some rows of `remove` are not in `add`.
    #[serde(default)]
    pub(crate) drops_rows: bool,
}

/// A file in the folder of the round and its planned entry in the table.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlannedFile {
    /// Its name in the folder of the round.
    pub(crate) staged: String,
    pub(crate) rows: u64,
    #[serde(flatten)]
    pub(crate) entry: FileEntry,
}

impl TableChange {
    /// The files to add: their names in the folder of the round, and their destinations.
    pub(crate) fn moves(&self) -> Result<Vec<(String, DatasetPath)>, LakeError> {
        let place = |file: &PlannedFile| Ok((file.staged.clone(), self.table.data_file(&file.entry.path)?));
        self.add.iter().map(place).collect()
    }

    /// The files that are replaced.
    pub(crate) fn replaced(&self) -> Result<Vec<DatasetPath>, LakeError> {
        self.remove.iter().map(|file| self.table.data_file(&file.path)).collect()
    }
}

impl Intent {
    pub(crate) fn new(name: &RoundName, changes: Vec<TableChange>) -> Self {
        let saltmine_version = env!("CARGO_PKG_VERSION").to_owned();
        let (run_id, round, phase) = (name.run_id.clone(), name.round, Phase::default());
        Self { format: FORMAT, run_id, round, phase, saltmine_version, changes }
    }

    pub(crate) fn name(&self) -> RoundName {
        RoundName::new(&self.run_id, self.round)
    }

    /// The files that the round adds to tables.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PlannedFile> {
        self.changes.iter().flat_map(|change| &change.add)
    }

    /// Their destinations, in the same order.
    pub(crate) fn targets(&self) -> Result<Vec<DatasetPath>, LakeError> {
        let files = self.changes.iter().flat_map(|change| change.add.iter().map(move |file| (change, file)));
        files.map(|(change, file)| change.table.data_file(&file.entry.path)).collect()
    }

    /// Parses the text of a note at `path`, for the round `name`.
    pub(crate) fn from_json(path: &Path, name: &RoundName, text: &[u8]) -> Result<Intent, LakeError> {
        let fault = |problem: String| LakeError::Intent { path: path.to_path_buf(), problem };
        let intent: Intent = serde_json::from_slice(text).map_err(|error| fault(error.to_string()))?;
        if intent.format != FORMAT {
            return Err(fault(format!(
                "its format is {}, but this version of saltmine supports {FORMAT}",
                intent.format
            )));
        }
        if intent.name() != *name {
            return Err(fault(format!("it belongs to the round {}", intent.name())));
        }
        for change in &intent.changes {
            let paths = change.add.iter().map(|file| &file.entry.path);
            for named in paths.chain(change.remove.iter().map(|file| &file.path)) {
                let outside =
                    |_| fault(format!("not a file of the table {}: {named:?}", change.table.name()));
                change.table.data_file(named).map_err(outside)?;
            }
        }
        // The files of a discarded round are removed: its note must not name files of another round.
        let own = format!("part-{name}-");
        let is_own = |path: &str| path.rsplit('/').next().is_some_and(|file| file.starts_with(&own));
        if let Some(file) = intent.files().find(|file| !is_own(&file.entry.path)) {
            return Err(fault(format!("not a file of this round: {:?}", file.entry.path)));
        }
        if let Some(file) = intent.files().find(|file| !is_name(&file.staged)) {
            return Err(fault(format!("not a file in the folder of the round: {:?}", file.staged)));
        }
        Ok(intent)
    }

    /// The text of the note for `path`.
    pub(crate) fn to_json(&self, path: &Path) -> Result<Vec<u8>, LakeError> {
        let fault = |problem: String| LakeError::Intent { path: path.to_path_buf(), problem };
        let text = serde_json::to_vec(self).map_err(|error| fault(error.to_string()))?;
        // A note that could not be read again must not be committed.
        if text.len() as u64 > MAX_NOTE_BYTES {
            return Err(fault(format!("{} bytes are too many for a note", text.len())));
        }
        Ok(text)
    }

    /// Notes for readers in the commits of the round.
    pub(crate) fn notes(&self) -> Vec<(String, serde_json::Value)> {
        vec![
            ("saltmine.runId".to_owned(), json!(self.run_id)),
            ("saltmine.round".to_owned(), json!(self.round)),
            ("saltmine.version".to_owned(), json!(self.saltmine_version)),
            ("saltmine.staging".to_owned(), json!(self.name().to_string())),
        ]
    }
}
