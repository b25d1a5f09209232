//! The partitions of a round: rows that wait, row groups under construction, and files.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use rayon::prelude::*;
use saltmine_scan::{Column, DayRange};

use crate::encode::{Chunks, Encoder, Part, ROW_GROUP_ROWS, RowGroup};
use crate::error::LakeError;
use crate::layout::{Partition, PartitionBy};
use crate::transaction::StagedFile;

/// Rows that make an encoding worth its while: enough that a column's state is in the cache for most of them.
const ENCODE_ROWS: usize = 1024;

/// Rows that wait before a second worker encodes for the same partition, into a row group of its own.
const SECOND_ENCODER_ROWS: usize = 4 * ENCODE_ROWS;

/// Memory of row groups under construction, over all partitions. Above it the largest are closed early: every row group
/// costs its readers time, whatever its size.
const ROW_GROUP_MEMORY: usize = 128 << 20;

/// Files that are open, over all partitions. Systems allow a process a thousand or so, and a folder of logs may span more
/// days than that.
const OPEN_FILES: usize = 128;

/// All partitions of a round.
pub(crate) struct Partitions<'a> {
    encoder: &'a Encoder,
    staging: PathBuf,
    by: PartitionBy,
    state: Mutex<State>,
    next_file: AtomicUsize,
    finished: Mutex<Vec<StagedFile>>,
}

#[derive(Default)]
struct State {
    partitions: HashMap<Partition, Slot>,
    /// Memory of all row groups, of those that are being written to as it was before.
    memory: usize,
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
}

/// One partition.
#[derive(Default)]
struct Slot {
    waiting: Vec<RecordBatch>,
    rows: usize,
    /// Row groups under construction that nobody writes to, with their memory.
    idle: Vec<(RowGroup, usize)>,
    /// How many are being written to.
    busy: usize,
    /// The open file, if there is one and nobody appends to it.
    part: Option<Part>,
}

/// Rows to encode, and the row group to encode them into.
pub(crate) struct EncodeJob {
    partition: Partition,
    batches: Vec<RecordBatch>,
    /// With its memory.
    row_group: Option<(RowGroup, usize)>,
}

impl<'a> Partitions<'a> {
    pub(crate) fn new(encoder: &'a Encoder, staging: PathBuf, by: PartitionBy) -> Self {
        Self {
            encoder,
            staging,
            by,
            state: Mutex::default(),
            next_file: AtomicUsize::new(0),
            finished: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a batch that is ordered by day.
    pub(crate) fn push(&self, batch: &RecordBatch, days: &[DayRange]) -> Result<(), LakeError> {
        let mut parts = Vec::with_capacity(days.len());
        for (day, range) in days {
            let rows = batch.slice(range.start, range.len());
            match self.by {
                PartitionBy::EventDate => parts.push((Partition { event_date: *day, bucket: None }, rows)),
                PartitionBy::BucketAndEventDate => by_bucket(*day, &rows, &mut parts)?,
            }
        }
        let mut state = self.lock();
        for (partition, rows) in parts {
            let slot = state.partitions.entry(partition).or_default();
            slot.rows += rows.num_rows();
            slot.waiting.push(rows);
        }
        Ok(())
    }

    /// The partition where encoding is most urgent; with `any`, one with any rows at all.
    pub(crate) fn next_job(&self, any: bool, workers: usize) -> Option<EncodeJob> {
        let mut state = self.lock();
        let is_ready = |slot: &Slot| match slot.busy {
            0 => slot.rows >= ENCODE_ROWS || (any && slot.rows > 0),
            busy => busy < workers && slot.rows >= SECOND_ENCODER_ROWS,
        };
        let ready = state.partitions.iter_mut().filter(|(_, slot)| is_ready(slot));
        let (partition, slot) = ready.max_by_key(|(_, slot)| slot.rows)?;
        let partition = partition.clone();
        slot.busy += 1;
        slot.rows = 0;
        let batches = std::mem::take(&mut slot.waiting);
        let row_group = slot.idle.pop();
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
        if let Some(slot) = self.lock().partitions.get_mut(&partition) {
            slot.busy -= 1;
        }
        self.close_largest()
    }

    /// Closes row groups while they take too much memory together: those with most rows.
    fn close_largest(&self) -> Result<(), LakeError> {
        loop {
            let mut state = self.lock();
            if state.memory <= ROW_GROUP_MEMORY {
                return Ok(());
            }
            let largest = |slot: &Slot| slot.idle.iter().map(|(row_group, _)| row_group.rows()).max();
            let with_idle = state.partitions.iter_mut().filter(|(_, slot)| !slot.idle.is_empty());
            let Some((partition, slot)) = with_idle.max_by_key(|(_, slot)| largest(slot)) else {
                return Ok(());
            };
            let partition = partition.clone();
            slot.idle.sort_by_key(|(row_group, _)| row_group.rows());
            let Some((row_group, memory)) = slot.idle.pop() else { return Ok(()) };
            state.memory -= memory;
            drop(state);
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
            drop(state);
            return self.close_part(part);
        }
        slot.part = Some(part);
        state.files.push(partition.clone());
        let surplus = if state.files.len() > OPEN_FILES {
            let unused = state.files[0].clone();
            state.take_part(&unused)
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
        let file = part.finish()?;
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).push(file);
        Ok(())
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
    pub(crate) fn into_files(self) -> Vec<StagedFile> {
        let mut files = self.finished.into_inner().unwrap_or_else(PoisonError::into_inner);
        files.sort_by(|a, b| (&a.partition, &a.path).cmp(&(&b.partition, &b.path)));
        files
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
