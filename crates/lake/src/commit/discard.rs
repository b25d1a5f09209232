//! Discards a round that cannot be completed because some of its files are lost.
//!
//! The note is marked first, so the next run can continue if this one is interrupted. Then a separate commit
//! removes from the tables what the round added: the log keeps the history. A round that only rewrote rows
//! (`compact`) leaves finished tables as they are, because all of their rows are still there.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use crate::commit::delta_log::{self, Change};
use crate::commit::intent::{Intent, Phase};
use crate::commit::rounds::Rounds;
use crate::error::LakeError;
use crate::storage::{Content, DatasetPath, Storage};
use crate::table::delta_log::has_transaction;
use crate::table::layout::Table;

/// A discarded round, and what the dataset lacks because of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DiscardedRound {
    /// The run.
    pub run_id: String,
    /// Number of the round in the run, from 1.
    pub round: u32,
    /// The lost files.
    pub lost: Vec<PathBuf>,
    /// Rows of `logs` that the round would have added.
    pub rows: u64,
    /// Rows of `rejects`.
    pub rejects: u64,
    /// Rows of `sources`.
    pub sources: u64,
    /// Rows of `duplicates`: their removal from `logs` is not recorded.
    pub duplicates: u64,
    /// The sources, which the next ingest reads again; empty if the file that names them is lost.
    pub source_names: Vec<String>,
}

/// Discards a prepared round if one of its files is lost.
pub(crate) fn discard_if_lost(
    storage: &Arc<dyn Storage>,
    rounds: &dyn Rounds,
    intent: &mut Intent,
) -> Result<Option<DiscardedRound>, LakeError> {
    let name = intent.name();
    let mut lost = Vec::new();
    for change in &intent.changes {
        if !has_transaction(storage.as_ref(), change.table, &name.to_string())? {
            lost.extend(rounds.deliver(storage.as_ref(), &name, &change.moves()?)?);
        }
    }
    if lost.is_empty() {
        return Ok(None);
    }
    let mut discarded = DiscardedRound {
        run_id: name.run_id,
        round: name.round,
        lost: lost.iter().map(|file| storage.path(file)).collect(),
        ..DiscardedRound::default()
    };
    for change in &intent.changes {
        let rows = change.add.iter().map(|file| file.rows).sum();
        match change.table {
            Table::Duplicates => discarded.duplicates = rows,
            _ if !change.remove.is_empty() => {} // the rows are in the remaining files
            Table::Logs => discarded.rows = rows,
            Table::Rejects => discarded.rejects = rows,
            Table::Sources => {
                discarded.sources = rows;
                // Only for the report: a file that cannot be read here is not an error.
                let names =
                    change.moves()?.into_iter().map(|(_, file)| source_names(storage.as_ref(), &file));
                discarded.source_names = names.filter_map(Result::ok).flatten().collect();
            }
        }
    }
    intent.phase = Phase::Discarded;
    rounds.rewrite(storage.as_ref(), intent)?;
    set_aside(storage, rounds, intent)?;
    Ok(Some(discarded))
}

/// Removes from the tables what a round added, then removes its files and its note. Skips steps that were
/// already done.
pub(crate) fn set_aside(
    storage: &Arc<dyn Storage>,
    rounds: &dyn Rounds,
    intent: &Intent,
) -> Result<(), LakeError> {
    let name = intent.name();
    let replaces = intent.changes.iter().any(|change| !change.remove.is_empty());
    for change in &intent.changes {
        let is_committed = has_transaction(storage.as_ref(), change.table, &name.to_string())?;
        if is_committed && replaces {
            storage.remove(&change.replaced()?)?;
            continue;
        }
        if is_committed {
            let removed = Change {
                transaction: &format!("{name}-discarded"),
                add: Vec::new(),
                remove: change.add.iter().map(|file| file.entry.clone()).collect(),
                drops_rows: true,
                notes: intent.notes(),
            };
            delta_log::apply(storage, change.table, removed)?;
        }
        let files: Vec<DatasetPath> = change.moves()?.into_iter().map(|(_, file)| file).collect();
        storage.remove(&files)?;
    }
    rounds.end(storage.as_ref(), &name)
}

/// The names of the sources in a ledger file.
fn source_names(storage: &dyn Storage, file: &DatasetPath) -> Result<Vec<String>, LakeError> {
    let path = storage.path(file);
    let bytes = match storage.opener(&[(file.clone(), 0)])?.open(0)? {
        Content::Memory(bytes) => bytes,
        Content::Disk(mut file) => {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).map_err(LakeError::io("read", &path))?;
            bytes.into()
        }
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(LakeError::parquet(&path))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["log_file"]);
    let mut names = Vec::new();
    for batch in builder.with_projection(mask).build().map_err(LakeError::parquet(&path))? {
        let column = arrow::compute::cast(batch?.column(0), &DataType::Utf8View)?;
        names.extend(column.as_string_view().iter().flatten().map(str::to_owned));
    }
    Ok(names)
}
