//! Writes to a dataset: one writer at a time, in atomic rounds.
//!
//! A round commits up to three Delta tables, one after the other, `sources` last. So the ledger has the row
//! of a source if and only if its lines are in `logs` and `rejects`, once the work of interrupted runs is
//! completed:
//!
//! 1. data files are written to a staging folder, `.saltmine/runs/RUN-rROUND/`;
//! 2. so are the files of `rejects` and `sources`; all are synced, and then the [`Intent`]: the round is
//!    prepared;
//! 3. for each table, the files are moved into place and then added in a commit with the round's transaction
//!    id;
//! 4. the staging folder is removed.
//!
//! If files cannot be moved, as in S3, steps 1 and 2 differ, see `bucket_round`; the staging folder is then a
//! temporary one on the local disk.
//!
//! A kill before the end of step 2 leaves a folder that [`DatasetLock::recover`] discards. A later kill
//! leaves an intent, which it carries out.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use arrow::array::RecordBatch;
use chrono::Utc;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::commit::discard::{DiscardedRound, discard_if_lost, set_aside};
use crate::commit::folder_round::is_data;
use crate::commit::intent::{Intent, Phase, PlannedFile, TableChange};
use crate::commit::round_name::RoundName;
use crate::commit::rounds::{RoundFolder, Rounds};
use crate::commit::rounds_for::rounds_for;
use crate::error::LakeError;
use crate::storage::Lock;
use crate::storage::path::hex;
use crate::table::dataset::Dataset;
use crate::table::delta_log::FileEntry;
use crate::table::layout::{Partition, Table};
use crate::table::ledger::{self, SourceEntry};
use crate::table::statistics::Footer;
use crate::table::table_file::{WrittenFile, write_table_file};

/// The right to write to a dataset, and a run: held until dropped.
#[derive(Debug)]
pub struct DatasetLock<'a> {
    dataset: &'a Dataset,
    held: Box<dyn Lock>,
    run_id: String,
    last_round: AtomicU32,
    recovered: AtomicBool,
    committing: Mutex<()>,
}

/// The remains of interrupted runs, and how they were resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Recovery {
    /// Prepared rounds that are now committed.
    pub completed: Vec<CommitSummary>,
    /// Staging folders of rounds that were not prepared. Nothing of them was in the tables; they were
    /// removed.
    pub discarded: u32,
}

/// Summary of a committed round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CommitSummary {
    /// The run.
    pub run_id: String,
    /// Number of the round in the run, from 1.
    pub round: u32,
    /// Files added to `logs`; for a compaction, the new files.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Rows added to `rejects`.
    pub rejects: u64,
    /// Rows added to `sources`.
    pub sources: u64,
}

/// A data file of `logs` in the staging folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StagedFile {
    /// Its path in the staging folder.
    pub path: PathBuf,
    /// The folder it belongs to.
    pub partition: Partition,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Data from its footer.
    pub footer: Footer,
}

/// A round that is being prepared. If dropped without [`Staging::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Staging<'a> {
    lock: &'a DatasetLock<'a>,
    name: RoundName,
    folder: RoundFolder,
    committed: AtomicBool,
}

impl<'a> DatasetLock<'a> {
    /// Takes the lock that every writer of a dataset needs, and holds it until the value is dropped. If
    /// another process has it, calls `on_wait` once and waits.
    ///
    /// # Errors
    /// If the lock file cannot be opened or the file system does not support locks.
    pub fn acquire(dataset: &'a Dataset, on_wait: &dyn Fn()) -> Result<Self, LakeError> {
        Self::acquire_unless_stopped(dataset, on_wait, None)
    }

    /// Like [`DatasetLock::acquire`], but stops waiting when `stop` becomes true.
    ///
    /// # Errors
    /// As for [`DatasetLock::acquire`]; [`LakeError::Stopped`] if it was stopped.
    pub fn acquire_unless_stopped(
        dataset: &'a Dataset,
        on_wait: &dyn Fn(),
        stop: Option<&AtomicBool>,
    ) -> Result<Self, LakeError> {
        let held = dataset.storage().lock(on_wait, stop)?;
        Ok(Self {
            dataset,
            held,
            run_id: Uuid::now_v7().to_string(),
            last_round: AtomicU32::new(0),
            recovered: AtomicBool::new(false),
            committing: Mutex::new(()),
        })
    }

    /// The locked dataset.
    pub fn dataset(&self) -> &'a Dataset {
        self.dataset
    }

    /// The id of this run, used in the ledger, in commits and in file names.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Completes or discards what interrupted runs left. Leaves rounds of this run alone.
    ///
    /// # Errors
    /// If a prepared round cannot be carried out; the next call tries again.
    pub fn recover(&self) -> Result<Recovery, LakeError> {
        let _committing = self.committing.lock().unwrap_or_else(PoisonError::into_inner);
        let (storage, rounds) = (self.dataset.storage(), self.rounds());
        let mut recovery = Recovery::default();
        for name in rounds.open(storage.as_ref())? {
            match rounds.read(storage.as_ref(), &name)? {
                Some(intent) if intent.phase == Phase::Prepared => {
                    intent.carry_out(storage, rounds)?;
                    recovery.completed.push(summary(&intent));
                }
                _ if name.run_id == self.run_id => {}
                Some(intent) if intent.phase == Phase::Discarded => {
                    set_aside(storage, rounds, &intent)?;
                    recovery.discarded += 1;
                }
                _ => recovery.discarded += u32::from(rounds.discard(storage.as_ref(), &name)?),
            }
        }
        if !self.recovered.swap(true, Ordering::Relaxed) {
            self.remove_temporary_files()?;
        }
        Ok(recovery)
    }

    /// Like [`DatasetLock::recover`], but discards rounds that cannot be completed because some of their
    /// files are lost. Afterwards the tables contain nothing that such a round added; its sources are read
    /// again by the next ingest.
    ///
    /// # Errors
    /// If this fails midway; the next [`DatasetLock::recover`] completes it.
    pub fn discard_lost(&self) -> Result<(Recovery, Vec<DiscardedRound>), LakeError> {
        let mut discarded = Vec::new();
        {
            let _committing = self.committing.lock().unwrap_or_else(PoisonError::into_inner);
            let (storage, rounds) = (self.dataset.storage(), self.rounds());
            for name in rounds.open(storage.as_ref())? {
                if let Some(mut intent) = rounds.read(storage.as_ref(), &name)?
                    && intent.phase == Phase::Prepared
                    && let Some(round) = discard_if_lost(storage, rounds, &mut intent)?
                {
                    discarded.push(round);
                }
            }
        }
        Ok((self.recover()?, discarded))
    }

    /// SHA-256 of every source file whose content was read by an earlier run.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn known_sources(&self) -> Result<HashSet<[u8; 32]>, LakeError> {
        self.dataset.known_sources()
    }

    /// Begins a round. First completes what interrupted runs left, if [`DatasetLock::recover`] was not
    /// called.
    ///
    /// # Errors
    /// If the staging folder cannot be created.
    pub fn begin(&self) -> Result<Staging<'_>, LakeError> {
        if !self.recovered.load(Ordering::Relaxed) {
            self.recover()?;
        }
        let name = RoundName::new(&self.run_id, self.last_round.fetch_add(1, Ordering::Relaxed) + 1);
        let folder = self.rounds().begin(self.dataset.storage().as_ref(), &name)?;
        Ok(Staging { lock: self, name, folder, committed: AtomicBool::new(false) })
    }

    fn rounds(&self) -> &'static dyn Rounds {
        rounds_for(self.dataset.storage().as_ref())
    }

    /// Removes files that an interrupted run was writing for a log.
    fn remove_temporary_files(&self) -> Result<(), LakeError> {
        let mut logs = Vec::new();
        for table in Table::ALL.into_iter().chain([Table::Duplicates]) {
            if self.dataset.has(table)? {
                logs.push(table.log());
            }
        }
        self.dataset.storage().remove_temporary_files(&logs)
    }
}

impl Staging<'_> {
    /// The id of the run.
    pub fn run_id(&self) -> &str {
        &self.lock.run_id
    }

    pub(crate) fn dataset(&self) -> &Dataset {
        self.lock.dataset
    }

    /// Number of this round in the run, counted from 1.
    pub fn round(&self) -> u32 {
        self.name.round
    }

    pub(crate) fn name(&self) -> &RoundName {
        &self.name
    }

    /// Whether its files are already in the dataset's storage and must therefore be durable; otherwise they
    /// are copied there.
    pub(crate) fn is_in_storage(&self) -> bool {
        self.folder.temporary.is_none()
    }

    /// The folder for the data files of this round. Their names are numbers of six digits: `000000.parquet`.
    pub fn dir(&self) -> &Path {
        &self.folder.path
    }

    /// Commits the round: `files` to `logs`, `rejects` (of `rejects_schema()`), and `sources`, to whose rows
    /// it adds the run id, the version of saltmine and the time. A table that gets no rows gets no commit.
    ///
    /// # Errors
    /// If it fails before the round is prepared, nothing has changed. If it fails later, the next run, or
    /// [`DatasetLock::recover`], completes the round.
    pub fn commit(
        self,
        files: Vec<StagedFile>,
        rejects: Vec<RecordBatch>,
        sources: Vec<SourceEntry>,
    ) -> Result<CommitSummary, LakeError> {
        let any = rejects.iter().any(|batch| batch.num_rows() > 0);
        let rejects =
            any.then(|| self.write_table(Table::Rejects, rejects.into_iter().map(Ok))).transpose()?;
        self.commit_changes(files, rejects, sources)
    }

    /// Like [`Staging::commit`], if the rejects have already been written.
    pub(crate) fn commit_changes(
        self,
        files: Vec<StagedFile>,
        rejects: Option<TableChange>,
        sources: Vec<SourceEntry>,
    ) -> Result<CommitSummary, LakeError> {
        let now = Utc::now().timestamp_micros();
        let mut changes = Vec::new();
        if !files.is_empty() {
            changes.push(self.plan_logs(files)?);
        }
        changes.extend(rejects);
        if !sources.is_empty() {
            let rows = ledger::ledger_batches(&sources, self.run_id(), now);
            changes.push(self.write_table(Table::Sources, rows)?);
        }
        drop(sources);
        let mut intent = Intent::new(&self.name, changes);
        self.finish(&mut intent)?;
        Ok(summary(&intent))
    }

    /// Prepares a round and carries it out.
    pub(crate) fn finish(&self, intent: &mut Intent) -> Result<(), LakeError> {
        let (storage, rounds) = (self.lock.dataset.storage(), self.lock.rounds());
        let _committing = self.lock.committing.lock().unwrap_or_else(PoisonError::into_inner);
        rounds.prepare(storage.as_ref(), self.lock.held.as_ref(), intent, self.dir())?;
        intent.carry_out(storage, rounds)?;
        self.committed.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Plans the move of data files to `logs`.
    pub(crate) fn plan_logs(&self, files: Vec<StagedFile>) -> Result<TableChange, LakeError> {
        let plan = |(number, file): (usize, StagedFile)| {
            let staged = self.check_staged(&file)?;
            let name = self.name.part(number);
            let values = file.partition.values().into_iter();
            let entry = FileEntry {
                path: format!("{}/{name}", file.partition.relative_path()),
                partition: values.map(|(column, value)| (column.to_owned(), value)).collect(),
                size: file.size,
                sha256: Some(hex(&file.sha256)),
                statistics: Some(file.footer.statistics.clone()),
            };
            Ok(PlannedFile { staged, rows: file.rows, entry })
        };
        let add = files.into_iter().enumerate().map(plan).collect::<Result<_, LakeError>>()?;
        Ok(TableChange { table: Table::Logs, add, remove: Vec::new(), drops_rows: false })
    }

    /// The name of a staged file in the staging folder, after checking that the file matches its description.
    fn check_staged(&self, file: &StagedFile) -> Result<String, LakeError> {
        let fault = |problem: String| LakeError::Staged { path: file.path.clone(), problem };
        let staged = file.path.strip_prefix(self.dir()).ok().and_then(Path::to_str);
        let staged = staged.ok_or_else(|| fault("not in the staging folder".to_owned()))?;
        if !is_data(staged) {
            return Err(fault("not a name that a run uses, such as 000000.parquet".to_owned()));
        }
        let found = fs::metadata(&file.path).map_err(LakeError::io("read", &file.path))?.len();
        if found != file.size {
            return Err(fault(format!("{found} bytes, not {}", file.size)));
        }
        let rows = file.footer.rows;
        if rows != file.rows {
            return Err(fault(format!("{rows} rows in its footer, not {}", file.rows)));
        }
        let wanted = self.lock.dataset.partition_by();
        if file.partition.partition_by() != wanted {
            return Err(fault(format!("not partitioned by {}", wanted.columns().join(", "))));
        }
        Ok(staged.to_owned())
    }

    /// Writes rows of a small table to a file in the staging folder.
    pub(crate) fn write_table(
        &self,
        table: Table,
        batches: impl Iterator<Item = Result<RecordBatch, LakeError>>,
    ) -> Result<TableChange, LakeError> {
        let written = write_table_file(&self.table_path(table), table.file_schema(), batches)?;
        Ok(self.plan_table(table, written))
    }

    /// The path for the file of a small table.
    pub(crate) fn table_path(&self, table: Table) -> PathBuf {
        self.dir().join(staged_name(table))
    }

    /// The change that adds the file at [`Staging::table_path`].
    pub(crate) fn plan_table(&self, table: Table, written: WrittenFile) -> TableChange {
        self.plan_files(table, vec![(staged_name(table), written)])
    }

    /// The change that adds files of a small table, given by their names in the staging folder.
    pub(crate) fn plan_files(&self, table: Table, files: Vec<(String, WrittenFile)>) -> TableChange {
        let plan = |(number, (staged, written)): (usize, (String, WrittenFile))| {
            let entry = FileEntry {
                path: self.name.part(number),
                partition: BTreeMap::new(),
                size: written.size,
                sha256: Some(hex(&written.sha256)),
                statistics: Some(written.statistics),
            };
            PlannedFile { staged, rows: written.rows, entry }
        };
        let add = files.into_iter().enumerate().map(plan).collect();
        TableChange { table, add, remove: Vec::new(), drops_rows: false }
    }
}

fn staged_name(table: Table) -> String {
    format!("{}.parquet", table.name())
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        if self.committed.load(Ordering::Relaxed) {
            return;
        }
        // If this fails, the next run discards the round.
        let _ = self.lock.rounds().discard(self.lock.dataset.storage().as_ref(), &self.name);
    }
}

pub(crate) fn summary(intent: &Intent) -> CommitSummary {
    let mut summary =
        CommitSummary { run_id: intent.run_id.clone(), round: intent.round, ..Default::default() };
    for change in &intent.changes {
        let rows = change.add.iter().map(|file| file.rows).sum();
        match change.table {
            Table::Logs => {
                summary.files = change.add.len() as u64;
                summary.rows = rows;
                summary.bytes = change.add.iter().map(|file| file.entry.size).sum();
            }
            Table::Rejects => summary.rejects = rows,
            Table::Sources => summary.sources = rows,
            Table::Duplicates => {}
        }
    }
    summary
}
