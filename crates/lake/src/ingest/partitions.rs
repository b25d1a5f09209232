//! The partitions of a round: rows that wait, row groups under construction, and files.

use std::collections::HashMap;
use std::fs::File;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use rayon::prelude::*;
use saltmine_scan::{Column, DayRange};

use crate::commit::writer::StagedFile;
use crate::encode::{Chunks, Encoder, Part, ROW_GROUP_MEMORY, ROW_GROUP_ROWS, RowGroup};
use crate::error::LakeError;
use crate::storage::flusher::Flusher;
use crate::table::layout::{Partition, PartitionBy};

/// Rows that make an encoding worth its while: enough that a column's state is in the cache for most of them.
const ENCODE_ROWS: usize = 1024;

/// Rows that wait before a second worker encodes for the same partition, into a row group of its own.
const SECOND_ENCODER_ROWS: usize = 4 * ENCODE_ROWS;

/// Rows of other partitions after which one that got none is over, as sources are read in the order of their time. It is
/// written out then, if it has [`QUIET_ROW_GROUP_ROWS`]: that makes room, and is done when the disk has the time. What
/// comes late makes a row group of its own.
pub(crate) const QUIET_ROWS: usize = ROW_GROUP_ROWS;

/// Rows of a row group that is not kept open for those to come.
pub(crate) const QUIET_ROW_GROUP_ROWS: usize = ROW_GROUP_ROWS / 8;

/// Partitions with row groups under construction. An empty one takes some hundred KiB, and a source may have a line for each
/// of thousands of days: beyond this those are closed that got no rows for the longest time.
pub(crate) const OPEN_PARTITIONS: usize = 256;

/// Days that readers hold: of the years 1 to 9999, in days since 1970.
const DAYS: RangeInclusive<i32> = -719_162..=2_932_896;

/// Files that are open, over all partitions. Systems allow a process a thousand or so, and a folder of logs may span more
/// days than that.
const OPEN_FILES: usize = 128;

/// All partitions of a round.
pub(crate) struct Partitions<'a> {
    encoder: &'a Encoder,
    staging: PathBuf,
    by: PartitionBy,
    flusher: Option<Flusher>,
    state: Mutex<State>,
    next_file: AtomicUsize,
    finished: Mutex<Vec<StagedFile>>,
}

#[derive(Default)]
struct State {
    partitions: HashMap<Partition, Slot>,
    /// Rows that came, over all partitions.
    rows: usize,
    /// Memory of all row groups, of those that are being written to as it was before.
    memory: usize,
    /// Partitions with row groups under construction.
    open: usize,
    /// Partitions with a file that nobody appends to, the one that was used last at the end.
    files: Vec<Partition>,
}

impl State {
    /// The open file of a partition, if there is one that nobody appends to.
    fn take_part(&mut self, partition: &Partition) -> Option<Part> {
        let part = self.partitions.get_mut(partition)?.part.take()?;
        self.files.retain(|other| other != partition);
        Some(part)
    }

    /// A row group that is to be closed.
    fn take_row_group(&mut self) -> Option<(Partition, RowGroup)> {
        let is_over = self.memory > ROW_GROUP_MEMORY;
        let are_many = self.open > OPEN_PARTITIONS;
        let now = self.rows;
        let is_due = |slot: &Slot| {
            is_over
                || are_many
                || (slot.largest() >= QUIET_ROW_GROUP_ROWS && slot.is_quiet(now) && slot.waiting.is_empty())
        };
        let due = self.partitions.iter_mut().filter(|(_, slot)| !slot.idle.is_empty() && is_due(slot));
        let (partition, slot) = if are_many && !is_over {
            due.min_by_key(|(_, slot)| slot.since)?
        } else {
            due.max_by_key(|(_, slot)| slot.largest())?
        };
        slot.idle.sort_by_key(|(row_group, _)| row_group.rows());
        let (row_group, memory) = slot.idle.pop()?;
        self.memory -= memory;
        self.open -= usize::from(slot.idle.is_empty() && slot.busy == 0);
        Some((partition.clone(), row_group))
    }

    /// Forgets a partition of which nothing is held.
    fn forget_if_empty(&mut self, partition: &Partition) {
        if self.partitions.get(partition).is_some_and(Slot::is_empty) {
            self.partitions.remove(partition);
        }
    }
}

/// One partition.
#[derive(Default)]
struct Slot {
    waiting: Vec<RecordBatch>,
    rows: usize,
    /// What [`State::rows`] was when rows came last.
    since: usize,
    /// Row groups under construction that nobody writes to, with their memory.
    idle: Vec<(RowGroup, usize)>,
    /// How many are being written to.
    busy: usize,
    /// The open file, if there is one and nobody appends to it.
    part: Option<Part>,
}

impl Slot {
    /// Rows of the largest row group that nobody writes to.
    fn largest(&self) -> usize {
        self.idle.iter().map(|(row_group, _)| row_group.rows()).max().unwrap_or(0)
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.idle.is_empty() && self.busy == 0 && self.part.is_none()
    }

    /// Whether no rows came for a while; `now` is the number of rows of all partitions.
    fn is_quiet(&self, now: usize) -> bool {
        now - self.since >= QUIET_ROWS
    }
}

/// Rows to encode, and the row group to encode them into.
pub(crate) struct EncodeJob {
    partition: Partition,
    batches: Vec<RecordBatch>,
    /// With its memory.
    row_group: Option<(RowGroup, usize)>,
}

impl<'a> Partitions<'a> {
    /// Writes files to the folder `staging`; with `lasts`, they become part of a dataset there.
    pub(crate) fn new(encoder: &'a Encoder, staging: PathBuf, by: PartitionBy, lasts: bool) -> Self {
        Self {
            encoder,
            staging,
            by,
            flusher: lasts.then(Flusher::start).flatten(),
            state: Mutex::default(),
            next_file: AtomicUsize::new(0),
            finished: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Partitions of which something is held, and those with row groups under construction.
    #[cfg(test)]
    pub(crate) fn held(&self) -> (usize, usize) {
        let state = self.lock();
        (state.partitions.len(), state.open)
    }

    /// Files that were begun, and partitions that may get another one.
    pub(crate) fn files(&self) -> usize {
        self.next_file.load(Ordering::Relaxed) + self.lock().partitions.len()
    }

    /// Takes a batch that is ordered by day.
    pub(crate) fn push(&self, batch: &RecordBatch, days: &[DayRange]) -> Result<(), LakeError> {
        let mut parts = Vec::with_capacity(days.len());
        for (day, range) in days {
            if !DAYS.contains(day) {
                return Err(LakeError::Day(*day));
            }
            let rows = batch.slice(range.start, range.len());
            match self.by {
                PartitionBy::EventDate => parts.push((Partition { event_date: *day, bucket: None }, rows)),
                PartitionBy::BucketAndEventDate => by_bucket(*day, &rows, &mut parts)?,
            }
        }
        let mut state = self.lock();
        state.rows += batch.num_rows();
        let now = state.rows;
        for (partition, rows) in parts {
            let slot = state.partitions.entry(partition).or_default();
            slot.rows += rows.num_rows();
            slot.since = now;
            slot.waiting.push(rows);
        }
        Ok(())
    }

    /// The partition where encoding is most urgent; with `any`, one with any rows at all.
    pub(crate) fn next_job(&self, any: bool, workers: usize) -> Option<EncodeJob> {
        let mut state = self.lock();
        let now = state.rows;
        let is_ready = |slot: &Slot| match slot.busy {
            0 => slot.rows >= ENCODE_ROWS || (slot.rows > 0 && (any || slot.is_quiet(now))),
            busy => busy < workers && slot.rows >= SECOND_ENCODER_ROWS,
        };
        let ready = state.partitions.iter_mut().filter(|(_, slot)| is_ready(slot));
        let (partition, slot) = ready.max_by_key(|(_, slot)| slot.rows)?;
        let partition = partition.clone();
        let was_closed = slot.busy == 0 && slot.idle.is_empty();
        slot.busy += 1;
        slot.rows = 0;
        let batches = std::mem::take(&mut slot.waiting);
        let row_group = slot.idle.pop();
        state.open += usize::from(was_closed);
        Some(EncodeJob { partition, batches, row_group })
    }

    /// Encodes, closes the row group if it is full or memory is short, and appends it to the partition's file.
    pub(crate) fn encode(&self, job: EncodeJob, encoder: &Encoder) -> Result<(), LakeError> {
        let EncodeJob { partition, batches, row_group } = job;
        let wrong = |error| LakeError::parquet(&self.staging)(error);
        let (mut row_group, before) = match row_group {
            Some(row_group) => row_group,
            None => (encoder.row_group().map_err(wrong)?, 0),
        };
        row_group.write(&batches).map_err(wrong)?;
        drop(batches);
        let memory = row_group.memory();
        if row_group.rows() >= ROW_GROUP_ROWS {
            let chunks = row_group.close().map_err(wrong)?;
            self.append(&partition, chunks)?;
            self.lock().memory -= before;
        } else {
            let mut state = self.lock();
            state.memory = state.memory + memory - before;
            if let Some(slot) = state.partitions.get_mut(&partition) {
                slot.idle.push((row_group, memory));
            }
        }
        {
            let mut state = self.lock();
            if let Some(slot) = state.partitions.get_mut(&partition) {
                slot.busy -= 1;
                let is_closed = slot.busy == 0 && slot.idle.is_empty();
                state.open -= usize::from(is_closed);
            }
            state.forget_if_empty(&partition);
        }
        self.close_some()
    }

    /// Closes row groups of partitions that are over, and while all take too much memory together, those with most rows.
    fn close_some(&self) -> Result<(), LakeError> {
        loop {
            let Some((partition, row_group)) = self.lock().take_row_group() else { return Ok(()) };
            let chunks = row_group.close().map_err(LakeError::parquet(&self.staging))?;
            self.append(&partition, chunks)?;
        }
    }

    /// Appends a row group to the partition's open file, or to a new one where another worker has that.
    fn append(&self, partition: &Partition, chunks: Chunks) -> Result<(), LakeError> {
        let open = self.lock().take_part(partition);
        let mut part = match open {
            Some(part) => part,
            None => self.new_part(partition)?,
        };
        part.append(chunks)?;
        let mut state = self.lock();
        let slot = state.partitions.entry(partition.clone()).or_default();
        if part.is_full() || slot.part.is_some() {
            state.forget_if_empty(partition);
            drop(state);
            return self.close_part(part);
        }
        self.flush(part.path(), part.file());
        slot.part = Some(part);
        state.files.push(partition.clone());
        let surplus = if state.files.len() > OPEN_FILES {
            let unused = state.files[0].clone();
            let part = state.take_part(&unused);
            state.forget_if_empty(&unused);
            part
        } else {
            None
        };
        drop(state);
        surplus.map_or(Ok(()), |part| self.close_part(part))
    }

    fn new_part(&self, partition: &Partition) -> Result<Part, LakeError> {
        let number = self.next_file.fetch_add(1, Ordering::Relaxed);
        self.encoder.part(self.staging.join(format!("{number:06}.parquet")), partition.clone())
    }

    fn close_part(&self, part: Part) -> Result<(), LakeError> {
        let file = Arc::clone(part.file());
        let staged = part.finish()?;
        self.flush(&staged.path, &file);
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).push(staged);
        Ok(())
    }

    /// Begins to write a file out.
    fn flush(&self, path: &Path, file: &Arc<File>) {
        if let Some(flusher) = &self.flusher {
            flusher.flush(path, file);
        }
    }

    /// Closes all row groups and files, in parallel.
    pub(crate) fn finish(&self, pool: &rayon::ThreadPool) -> Result<(), LakeError> {
        let slots: Vec<(Partition, Slot)> = self.lock().partitions.drain().collect();
        pool.install(|| {
            slots.into_par_iter().try_for_each(|(partition, mut slot)| {
                for (row_group, _) in std::mem::take(&mut slot.idle) {
                    let chunks = row_group.close().map_err(LakeError::parquet(&self.staging))?;
                    let mut part = match slot.part.take() {
                        Some(part) => part,
                        None => self.new_part(&partition)?,
                    };
                    part.append(chunks)?;
                    slot.part = Some(part);
                }
                slot.part.map_or(Ok(()), |part| self.close_part(part))
            })
        })
    }

    /// The files of the round, once it is finished, in the order of their partitions.
    ///
    /// # Errors
    /// If one could not be written out.
    pub(crate) fn into_files(self) -> Result<Vec<StagedFile>, LakeError> {
        self.flusher.map_or(Ok(()), Flusher::finish)?;
        let mut files = self.finished.into_inner().unwrap_or_else(PoisonError::into_inner);
        files.sort_by(|a, b| (&a.partition, &a.path).cmp(&(&b.partition, &b.path)));
        Ok(files)
    }
}

/// Parts the rows of a day by bucket.
fn by_bucket(
    day: i32,
    rows: &RecordBatch,
    parts: &mut Vec<(Partition, RecordBatch)>,
) -> Result<(), LakeError> {
    let index = Column::Field(saltmine_format::Field::Bucket).index();
    let buckets = rows.column(index).as_string_view();
    let mut groups: HashMap<Option<&str>, Vec<u32>> = HashMap::new();
    for row in 0..rows.num_rows() {
        groups.entry(buckets.is_valid(row).then(|| buckets.value(row))).or_default().push(row as u32);
    }
    let one = groups.len() == 1;
    for (bucket, indices) in groups {
        let partition = Partition { event_date: day, bucket: Some(bucket.map(str::to_owned)) };
        let part = if one { rows.clone() } else { take_record_batch(rows, &UInt32Array::from(indices))? };
        parts.push((partition, part));
    }
    Ok(())
}
