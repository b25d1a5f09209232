//! Reads the rows of a partition from its files and writes them to new ones, with or without duplicates.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arrow::array::RecordBatch;

use crate::commit::intent::TableChange;
use crate::commit::writer::{StagedFile, Staging};
use crate::encode::{Encoder, Part, ROW_GROUP_ROWS, RowGroup};
use crate::error::LakeError;
use crate::maintain::dedup::DuplicateFinder;
use crate::maintain::limits::{Limits, stopped};
use crate::maintain::partition_files::PartitionFiles;
use crate::maintain::rows::read;
use crate::table::delta_log::{FileEntry, PartitionValues};
use crate::table::layout::{self, Partition, Table};
use crate::table::table_file::TableWriter;

/// Files of one partition.
pub(crate) struct MergeGroup {
    pub(crate) table: Table,
    pub(crate) partition: PartitionValues,
    pub(crate) files: Vec<FileEntry>,
}

/// The duplicates that a round removes.
#[derive(Default)]
pub(crate) struct DedupRound {
    pub(crate) replaced: Vec<FileEntry>,
    pub(crate) staged: Vec<StagedFile>,
    /// Bytes of examined files that must be rewritten.
    pub(crate) bytes: u64,
    pub(crate) partitions: u64,
    pub(crate) duplicates: Option<TableWriter>,
}

/// Rows of a partition on their way to new files.
#[derive(Default)]
struct MergeOutput {
    files: Vec<StagedFile>,
    part: Option<Part>,
    row_group: Option<RowGroup>,
    rows: u64,
}

/// Merges files of `logs`.
pub(crate) struct Merge<'a> {
    pub(crate) staging: &'a Staging<'a>,
    pub(crate) encoder: &'a Encoder,
    pub(crate) numbers: AtomicUsize,
    pub(crate) stop: Option<&'a AtomicBool>,
    pub(crate) limits: Limits,
}

impl Merge<'_> {
    pub(crate) fn merge(&self, group: &MergeGroup) -> Result<Vec<StagedFile>, LakeError> {
        let files = PartitionFiles::new(self.staging, group.table, &group.files, 0);
        let partition = partition_of(group, &files.folder())?;
        let mut merged = MergeOutput::default();
        for index in 0..files.len() {
            let file = files.open(index)?;
            for batch in read(&file.path, group.table)? {
                self.write(&mut merged, &partition, batch?)?;
            }
        }
        let rows = merged.rows;
        let written = self.finish(merged, &partition)?;
        check_row_count(&files.folder(), rows, written.iter().map(|file| file.rows).sum())?;
        Ok(written)
    }

    /// Rewrites the files of a partition that contain duplicate rows.
    pub(crate) fn drop_duplicates(
        &self,
        group: &MergeGroup,
        round: &mut DedupRound,
    ) -> Result<(), LakeError> {
        let files = PartitionFiles::new(self.staging, group.table, &group.files, self.limits.copies);
        let partition = partition_of(group, &files.folder())?;
        let finder = DuplicateFinder { files: &files, stop: self.stop };
        let open = || {
            let table = Table::Duplicates;
            TableWriter::create(self.staging.table_path(table), table.file_schema())
        };
        let removed = finder.find(&mut round.duplicates, open)?;
        let (mut merged, mut before, mut gone) = (MergeOutput::default(), 0, 0);
        for (index, removed) in removed.iter().enumerate().filter(|(_, removed)| removed.count > 0) {
            let (entry, file) = (files.entry(index), files.open(index)?);
            let mut start = 0;
            for batch in read(&file.path, group.table)? {
                let batch = batch?;
                self.write(&mut merged, &partition, removed.filter(&batch, start)?)?;
                start += batch.num_rows() as u64;
            }
            before += start;
            gone += removed.count;
            round.bytes += entry.size;
            round.replaced.push(entry.clone());
        }
        let written = self.finish(merged, &partition)?;
        check_row_count(&files.folder(), before - gone, written.iter().map(|file| file.rows).sum())?;
        round.partitions += u64::from(gone > 0);
        round.staged.extend(written);
        Ok(())
    }

    fn write(
        &self,
        merged: &mut MergeOutput,
        partition: &Partition,
        batch: RecordBatch,
    ) -> Result<(), LakeError> {
        stopped(self.stop)?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let wrong = |error| LakeError::parquet(self.staging.dir())(error);
        merged.rows += batch.num_rows() as u64;
        let mut open = match merged.row_group.take() {
            Some(open) => open,
            None => self.encoder.row_group().map_err(wrong)?,
        };
        open.write(&[batch]).map_err(wrong)?;
        // Groups are merged in parallel, one per thread.
        let memory = self.limits.row_groups / rayon::current_num_threads().max(1);
        if open.rows() >= ROW_GROUP_ROWS || open.memory() > memory {
            return self.append(open, partition, &mut merged.part, &mut merged.files);
        }
        merged.row_group = Some(open);
        Ok(())
    }

    fn finish(&self, mut merged: MergeOutput, partition: &Partition) -> Result<Vec<StagedFile>, LakeError> {
        if let Some(open) = merged.row_group.take() {
            self.append(open, partition, &mut merged.part, &mut merged.files)?;
        }
        merged.files.extend(merged.part.map(Part::finish).transpose()?);
        Ok(merged.files)
    }

    fn append(
        &self,
        row_group: RowGroup,
        partition: &Partition,
        part: &mut Option<Part>,
        files: &mut Vec<StagedFile>,
    ) -> Result<(), LakeError> {
        let chunks = row_group.close().map_err(LakeError::parquet(self.staging.dir()))?;
        let mut open = match part.take() {
            Some(open) => open,
            None => {
                let number = self.numbers.fetch_add(1, Ordering::Relaxed);
                let path = self.staging.dir().join(format!("{number:06}.parquet"));
                self.encoder.part(path, partition.clone())?
            }
        };
        open.append(chunks)?;
        if open.is_full() {
            files.push(open.finish()?);
        } else {
            *part = Some(open);
        }
        Ok(())
    }
}

/// Merges files of `rejects`, `sources` or `duplicates`.
pub(crate) fn merge_small_table(staging: &Staging<'_>, group: &MergeGroup) -> Result<TableChange, LakeError> {
    let files = PartitionFiles::new(staging, group.table, &group.files, 0);
    let mut before = 0;
    let batches = (0..files.len()).flat_map(|index| {
        let opened = files.open(index).and_then(|file| {
            let batches = read(&file.path, group.table)?;
            Ok((batches, file))
        });
        match opened {
            // The file is kept for as long as it is read.
            Ok((batches, file)) => {
                let batches = batches.map(move |batch| {
                    let _file = &file;
                    Ok(batch?)
                });
                Box::new(batches) as Box<dyn Iterator<Item = Result<RecordBatch, LakeError>>>
            }
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    });
    let batches = batches.inspect(|batch: &Result<RecordBatch, LakeError>| {
        before += batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
    });
    let mut change = staging.write_table(group.table, batches)?;
    check_row_count(&files.folder(), before, change.add.iter().map(|file| file.rows).sum())?;
    change.remove = group.files.clone();
    Ok(change)
}

fn partition_of(group: &MergeGroup, folder: &Path) -> Result<Partition, LakeError> {
    let date = group.partition.get(layout::EVENT_DATE).and_then(|value| value.as_deref());
    let event_date = date
        .and_then(layout::date_days)
        .ok_or_else(|| foreign(folder, "the log names a file without a date".to_owned()))?;
    Ok(Partition { event_date, bucket: group.partition.get(layout::LOG_BUCKET).cloned() })
}

/// Replaces nothing unless the new files have the right number of rows.
fn check_row_count(folder: &Path, before: u64, after: u64) -> Result<(), LakeError> {
    if before == after {
        return Ok(());
    }
    Err(foreign(folder, format!("{before} rows became {after} when files were merged; nothing was changed")))
}

fn foreign(path: &Path, problem: String) -> LakeError {
    LakeError::Foreign { path: path.to_path_buf(), problem }
}
