//! Writing to a dataset: one writer at a time, in rounds that take place as a whole or not at all.
//!
//! A round commits up to three Delta tables, one after the other, `sources` last. So the row of a source is in the
//! ledger if and only if its lines are in `logs` and `rejects`, once what an interrupted run left is completed:
//!
//! 1. data files are written to a staging folder, `.saltmine/runs/RUN-rROUND/`;
//! 2. the files of `rejects` and `sources` too; all are synced; then the [`Intent`] is: the round is prepared;
//! 3. for each table the files are moved to their place, then named in a commit with the round's transaction id;
//! 4. the staging folder is removed.
//!
//! In S3 step 1 and 2 are others, as [`crate::commit::bucket_round`] tells; the staging folder is a temporary one of the disk.
//!
//! A kill before the end of step 2 leaves a folder that [`DatasetLock::recover`] discards. A kill after it leaves an
//! intent that it carries out.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use arrow::array::RecordBatch;
use chrono::Utc;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use uuid::Uuid;

use crate::commit::bucket_round;
use crate::commit::delta_log;
use crate::commit::intent::{Intent, PlannedFile, TableChange};
use crate::error::LakeError;
use crate::storage::disk;
use crate::storage::is_remote;
use crate::storage::lease::Lease;
use crate::storage::path::hex;
use crate::table::dataset::Dataset;
use crate::table::delta_log::FileEntry;
use crate::table::layout::{self, Partition, Table};
use crate::table::ledger::{self, SourceEntry};
use crate::table::statistics::Footer;
use crate::table::table_file::{Written, write_table_file};

/// The right to write to a dataset, and a run: held until dropped.
#[derive(Debug)]
pub struct DatasetLock<'a> {
    dataset: &'a Dataset,
    held: Held,
    run_id: String,
    rounds: AtomicU32,
    recovered: AtomicBool,
    committing: Mutex<()>,
}

/// What holds the lock.
#[derive(Debug)]
pub(crate) enum Held {
    /// A locked file; closing it gives the lock back.
    File(#[allow(dead_code)] File),
    /// An object of S3.
    Lease(Lease),
}

/// What was found from interrupted runs, and done about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Recovery {
    /// Rounds that were prepared and are committed now.
    pub completed: Vec<CommitSummary>,
    /// Staging folders of rounds that were not prepared. Nothing of them was in the tables; they are removed.
    pub discarded: u32,
}

/// What a round committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CommitSummary {
    /// The run.
    pub run_id: String,
    /// Number of the round in the run, from 1.
    pub round: u32,
    /// Files added to `logs`; where files were compacted, those that took the place of others.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Rows added to `rejects`.
    pub rejects: u64,
    /// Rows added to `sources`.
    pub sources: u64,
}

/// A data file of `logs` that waits in the staging folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StagedFile {
    /// Where it is, in the staging folder.
    pub path: PathBuf,
    /// The folder it belongs to.
    pub partition: Partition,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// What its footer says.
    pub footer: Footer,
}

/// A round that is being prepared. Dropped without [`Staging::commit`], it leaves nothing.
#[derive(Debug)]
pub struct Staging<'a> {
    lock: &'a DatasetLock<'a>,
    round: u32,
    dir: PathBuf,
    /// Where the dataset is in S3: the same, removed with the value.
    temporary: Option<TempDir>,
}

impl<'a> DatasetLock<'a> {
    /// Takes the lock that every writer of a dataset needs, and keeps it until the value is dropped. While another process
    /// has it, `on_wait` is called once and this waits.
    ///
    /// # Errors
    /// If the lock file cannot be opened or the file system has no locks.
    pub fn acquire(dataset: &'a Dataset, on_wait: &dyn Fn()) -> Result<Self, LakeError> {
        Self::acquire_unless(dataset, on_wait, None)
    }

    /// As [`DatasetLock::acquire`], but stops waiting when `stop` becomes true.
    ///
    /// # Errors
    /// As [`DatasetLock::acquire`]; [`LakeError::Stopped`] if it was stopped.
    pub fn acquire_unless(
        dataset: &'a Dataset,
        on_wait: &dyn Fn(),
        stop: Option<&AtomicBool>,
    ) -> Result<Self, LakeError> {
        let held = take_lock(dataset.root(), on_wait, stop)?;
        Ok(Self {
            dataset,
            held,
            run_id: Uuid::now_v7().to_string(),
            rounds: AtomicU32::new(0),
            recovered: AtomicBool::new(false),
            committing: Mutex::new(()),
        })
    }

    /// The dataset that is locked.
    pub fn dataset(&self) -> &'a Dataset {
        self.dataset
    }

    /// Identity of this run: in the ledger, in commits and in file names.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Completes or discards what interrupted runs left. Rounds that this run has begun are left alone.
    ///
    /// # Errors
    /// If a prepared round cannot be carried out; it is tried again the next time.
    pub fn recover(&self) -> Result<Recovery, LakeError> {
        let _committing = self.committing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut recovery = Recovery::default();
        if let Held::Lease(_) = &self.held {
            self.recover_notes(&mut recovery)?;
            self.recovered.store(true, Ordering::Relaxed);
            return Ok(recovery);
        }
        for staging in folders(&layout::runs_folder(self.dataset.root()))? {
            if let Some(intent) = Intent::read(&staging)? {
                intent.carry_out(self.dataset, &staging)?;
                recovery.completed.push(summary(&intent));
            } else if !self.is_own(&staging) {
                disk::remove_folder(&staging)?;
                recovery.discarded += 1;
            }
        }
        if !self.recovered.swap(true, Ordering::Relaxed) {
            self.tidy()?;
        }
        Ok(recovery)
    }

    /// As [`DatasetLock::recover`], for a dataset in S3.
    fn recover_notes(&self, recovery: &mut Recovery) -> Result<(), LakeError> {
        for note in bucket_round::notes(self.dataset.root())? {
            if let Some(intent) = bucket_round::prepared(&note)? {
                intent.carry_out(self.dataset, &note)?;
                recovery.completed.push(summary(&intent));
            } else if !self.is_own(&note) && bucket_round::discard(self.dataset, &note)? {
                recovery.discarded += 1;
            }
        }
        Ok(())
    }

    /// SHA-256 of every source file whose content was read by some run before.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn known_sources(&self) -> Result<HashSet<[u8; 32]>, LakeError> {
        self.dataset.known_sources()
    }

    /// Begins a round. What interrupted runs left is completed first, if [`DatasetLock::recover`] was not called.
    ///
    /// # Errors
    /// If the staging folder cannot be made.
    pub fn begin(&self) -> Result<Staging<'_>, LakeError> {
        if !self.recovered.load(Ordering::Relaxed) {
            self.recover()?;
        }
        let round = self.rounds.fetch_add(1, Ordering::Relaxed) + 1;
        if let Held::Lease(_) = &self.held {
            let temporary = tempfile::Builder::new().prefix("saltmine-").tempdir();
            let temporary = temporary.map_err(LakeError::io("create a folder in", &std::env::temp_dir()))?;
            let dir = temporary.path().to_path_buf();
            return Ok(Staging { lock: self, round, dir, temporary: Some(temporary) });
        }
        let dir = layout::runs_folder(self.dataset.root()).join(layout::round_name(&self.run_id, round));
        disk::make_folder(&dir)?;
        Ok(Staging { lock: self, round, dir, temporary: None })
    }

    fn is_own(&self, staging: &Path) -> bool {
        staging.file_name().unwrap_or_default().to_string_lossy().starts_with(&self.run_id)
    }

    /// Removes files that an interrupted run was writing for a log.
    fn tidy(&self) -> Result<(), LakeError> {
        let root = self.dataset.root();
        let tmp = layout::tmp_folder(root);
        disk::remove_folder(&tmp)?;
        disk::make_folder(&tmp)?;
        let tables = Table::ALL.into_iter().chain([Table::Duplicates]);
        for table in tables {
            if self.dataset.has(table)? {
                delta_log::tidy(&table.folder(root))?;
            }
        }
        Ok(())
    }
}

impl Staging<'_> {
    /// Identity of the run.
    pub fn run_id(&self) -> &str {
        &self.lock.run_id
    }

    pub(crate) fn dataset(&self) -> &Dataset {
        self.lock.dataset
    }

    /// Number of this round in the run, from 1.
    pub fn round(&self) -> u32 {
        self.round
    }

    /// Folder for the data files of this round. Their names there are the caller's choice.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Commits the round: `files` to `logs`, `rejects` (of `rejects_schema()`), and `sources`, whose rows take the
    /// run id, the version of saltmine and the time from here. A table to which nothing is added gets no commit.
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

    /// As [`Staging::commit`], where the rejects were written before.
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
        let mut intent = Intent::new(self.run_id(), self.round, changes);
        self.finish(&mut intent)?;
        Ok(summary(&intent))
    }

    /// Prepares a round and carries it out.
    pub(crate) fn finish(&self, intent: &mut Intent) -> Result<(), LakeError> {
        let dataset = self.lock.dataset;
        if let Held::Lease(lease) = &self.lock.held {
            let _committing = self.lock.committing.lock().unwrap_or_else(PoisonError::into_inner);
            let note = bucket_round::prepare(dataset, lease, intent, &self.dir)?;
            return intent.carry_out(dataset, &note);
        }
        let staged: Vec<PathBuf> = intent
            .changes
            .iter()
            .flat_map(|change| &change.add)
            .map(|file| self.dir.join(&file.staged))
            .collect();
        staged.par_iter().try_for_each(|path| disk::sync_file(path))?;
        disk::sync_folder(&self.dir)?;
        dataset.faults.step()?;
        let _committing = self.lock.committing.lock().unwrap_or_else(PoisonError::into_inner);
        intent.write(&self.dir)?;
        dataset.faults.step()?;
        intent.carry_out(dataset, &self.dir)
    }

    /// Plans the move of data files to `logs`.
    pub(crate) fn plan_logs(&self, files: Vec<StagedFile>) -> Result<TableChange, LakeError> {
        let plan = |(number, file): (usize, StagedFile)| {
            let staged = self.check_staged(&file)?;
            let name = layout::part_name(self.run_id(), self.round, number);
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

    /// Name of a staged file within the staging folder, if the file is what its writer says.
    fn check_staged(&self, file: &StagedFile) -> Result<String, LakeError> {
        let fault = |problem: String| LakeError::Staged { path: file.path.clone(), problem };
        let staged = file.path.strip_prefix(&self.dir).ok().and_then(Path::to_str);
        let staged = staged.ok_or_else(|| fault("not in the staging folder".to_owned()))?;
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
        self.lock.dataset.faults.step()?;
        Ok(self.plan_table(table, written))
    }

    /// Where the file of a small table is written.
    pub(crate) fn table_path(&self, table: Table) -> PathBuf {
        self.dir.join(staged_name(table))
    }

    /// The change that adds the file at [`Staging::table_path`].
    pub(crate) fn plan_table(&self, table: Table, written: Written) -> TableChange {
        self.plan_files(table, vec![(staged_name(table), written)])
    }

    /// The change that adds files of a small table, by their names in the staging folder.
    pub(crate) fn plan_files(&self, table: Table, files: Vec<(String, Written)>) -> TableChange {
        let plan = |(number, (staged, written)): (usize, (String, Written))| {
            let entry = FileEntry {
                path: layout::part_name(self.run_id(), self.round, number),
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
        if self.temporary.is_some() {
            if !self.lock.dataset.faults.dead() {
                let note = layout::round_note(self.lock.dataset.root(), &self.lock.run_id, self.round);
                // If it fails, the next run discards it.
                let _ = bucket_round::discard(self.lock.dataset, &note);
            }
            return;
        }
        let unprepared = matches!(Intent::read(&self.dir), Ok(None));
        if unprepared && !self.lock.dataset.faults.dead() {
            // If it fails, the next run discards the folder.
            let _ = disk::remove_folder(&self.dir);
        }
    }
}

fn summary(intent: &Intent) -> CommitSummary {
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

/// The folders in a folder, in the order of their names, which is the order in which the rounds began.
fn folders(parent: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(parent).map_err(LakeError::io("list", parent))? {
        let path = entry.map_err(LakeError::io("list", parent))?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

pub(crate) fn take_lock(
    root: &Path,
    on_wait: &dyn Fn(),
    stop: Option<&AtomicBool>,
) -> Result<Held, LakeError> {
    if is_remote(root) {
        return Ok(Held::Lease(Lease::take(&layout::lock_file(root), on_wait, stop)?));
    }
    disk::make_folder(&layout::runs_folder(root))?;
    disk::make_folder(&layout::tmp_folder(root))?;
    let path = layout::lock_file(root);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(LakeError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            on_wait();
            match stop {
                None => file.lock().map_err(LakeError::io("lock", &path))?,
                Some(stop) => wait_for_lock(&file, &path, stop)?,
            }
        }
        Err(TryLockError::Error(error)) => return Err(LakeError::io("lock", &path)(error)),
    }
    Ok(Held::File(file))
}

/// Nothing wakes who waits for a lock, so that a wait that may be stopped has to look again and again.
fn wait_for_lock(file: &File, path: &Path, stop: &AtomicBool) -> Result<(), LakeError> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(LakeError::stopped());
        }
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::Error(error)) => return Err(LakeError::io("lock", path)(error)),
        }
    }
}
