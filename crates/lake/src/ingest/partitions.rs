//! The partitions of a round: waiting rows, row groups under construction, and files.

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

/// The number of rows that makes encoding worthwhile: enough that a column's state is in the cache for most
/// of them.
const ENCODE_ROWS: usize = 1024;

/// The number of waiting rows that makes a second worker encode for the same partition, into its own row
/// group.
const SECOND_ENCODER_ROWS: usize = 4 * ENCODE_ROWS;

/// If a partition gets no rows while this many go to others, it is considered finished, because sources are
/// read in the order of their times. It is then written out if it has [`QUIET_ROW_GROUP_ROWS`], which frees
/// memory and uses idle time of the disk. Late rows form another row group.
pub(crate) const QUIET_ROWS: usize = ROW_GROUP_ROWS;

/// The minimum number of rows of a row group that is closed early.
pub(crate) const QUIET_ROW_GROUP_ROWS: usize = ROW_GROUP_ROWS / 8;

/// The maximum number of partitions with row groups under construction. An empty one takes some hundred KiB,
/// and a source may have lines for thousands of days: beyond this limit, the partitions that have been idle
/// for longest are closed.
pub(crate) const OPEN_PARTITIONS: usize = 256;

/// Days that readers can represent: the years 1 to 9999, in days since 1970.
const DAYS: RangeInclusive<i32> = -719_162..=2_932_896;

/// The maximum number of open files over all partitions. Systems allow about a thousand per process, and a
/// folder of logs may span more days than that.
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
    /// Rows received so far, over all partitions.
    rows: usize,
    /// Memory of all row groups; for those being written to, the memory they had before.
    memory: usize,
    /// Partitions with row groups under construction.
    open: usize,
    /// Partitions with an open file that no worker is appending to, least recently used first.
    files: Vec<Partition>,
}

impl State {
    /// Takes the open file of a partition, if there is one that no worker is appending to.
    fn take_part(&mut self, partition: &Partition) -> Option<Part> {
        let part = self.partitions.get_mut(partition)?.part.take()?;
        self.files.retain(|other| other != partition);
        Some(part)
    }

    /// Takes a row group that should be closed.
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

    /// Removes a partition for which nothing is held.
    fn remove_if_empty(&mut self, partition: &Partition) {
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
    /// The value of [`State::rows`] when rows last arrived.
    since: usize,
    /// Row groups under construction that no worker is writing to, with their memory.
    idle: Vec<(RowGroup, usize)>,
    /// The number of row groups being written to.
    busy: usize,
    /// The open file, if there is one and no worker is appending to it.
    part: Option<Part>,
}

impl Slot {
    /// Rows of the largest idle row group.
    fn largest(&self) -> usize {
        self.idle.iter().map(|(row_group, _)| row_group.rows()).max().unwrap_or(0)
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.idle.is_empty() && self.busy == 0 && self.part.is_none()
    }

    /// Whether no rows arrived for a while; `now` is the number of rows of all partitions.
    fn is_quiet(&self, now: usize) -> bool {
        now - self.since >= QUIET_ROWS
    }
}

/// Rows to encode, and the row group for them.
pub(crate) struct EncodeJob {
    partition: Partition,
    batches: Vec<RecordBatch>,
    /// The row group and its memory.
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

    /// The number of partitions that hold anything, and of those with row groups under construction.
    #[cfg(test)]
    pub(crate) fn open_counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.partitions.len(), state.open)
    }

    /// The number of files begun, plus the partitions that may need another one.
    pub(crate) fn files(&self) -> usize {
        self.next_file.load(Ordering::Relaxed) + self.lock().partitions.len()
    }

    /// Adds a batch that is ordered by day.
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

    /// The partition whose encoding is most urgent; with `any`, one with any rows at all.
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

    /// Encodes rows. If the row group is full or memory is short, closes it and appends it to the partition's
    /// file.
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
            state.remove_if_empty(&partition);
        }
        self.close_row_groups()
    }

    /// Closes row groups of finished partitions and, while all of them together use too much memory, those
    /// with most rows.
    fn close_row_groups(&self) -> Result<(), LakeError> {
        loop {
            let Some((partition, row_group)) = self.lock().take_row_group() else { return Ok(()) };
            let chunks = row_group.close().map_err(LakeError::parquet(&self.staging))?;
            self.append(&partition, chunks)?;
        }
    }

    /// Appends a row group to the partition's open file, or to a new file if another worker is using that
    /// one.
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
            state.remove_if_empty(partition);
            drop(state);
            return self.close_part(part);
        }
        self.flush(part.path(), part.file());
        slot.part = Some(part);
        state.files.push(partition.clone());
        let surplus = if state.files.len() > OPEN_FILES {
            let unused = state.files[0].clone();
            let part = state.take_part(&unused);
            state.remove_if_empty(&unused);
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

    /// Starts writing a file out.
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

    /// The files of the finished round, in the order of their partitions.
    ///
    /// # Errors
    /// If a file could not be written out.
    pub(crate) fn into_files(self) -> Result<Vec<StagedFile>, LakeError> {
        self.flusher.map_or(Ok(()), Flusher::finish)?;
        let mut files = self.finished.into_inner().unwrap_or_else(PoisonError::into_inner);
        files.sort_by(|a, b| (&a.partition, &a.path).cmp(&(&b.partition, &b.path)));
        Ok(files)
    }
}

/// Splits the rows of a day by bucket.
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
