//! The files of a partition to rewrite, and how many rows of them are read at a time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::Type;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use crate::commit::writer::Staging;
use crate::error::LakeError;
use crate::storage::path::hex;
use crate::storage::{LocalFile, disk};
use crate::table::delta_log::FileEntry;
use crate::table::layout::Table;

/// The maximum number of rows read at a time.
const MAX_ROWS: usize = 8192;
/// Pages of a column read at a time. Writers close a page after the value that made it too large: a page may
/// contain one value of some MiB, but two such values are in two pages.
const PAGES_AT_A_TIME: usize = 16;
/// Approximate bytes of rows read at a time, if the pages of a file are unknown.
const BATCH_BYTES: usize = 8 << 20;

/// Files of one partition. Those in S3 are copied to the folder of the round one by one. At most `max_bytes`
/// bytes of copies are kept, the others are removed after use: a partition may be larger than the disk.
pub(crate) struct PartitionFiles<'a> {
    staging: &'a Staging<'a>,
    table: Table,
    entries: &'a [FileEntry],
    max_bytes: u64,
    copies: Mutex<LocalCopies>,
}

#[derive(Default)]
struct LocalCopies {
    files: HashMap<usize, Arc<LocalFile>>,
    bytes: u64,
}

impl<'a> PartitionFiles<'a> {
    /// Keeps at most `max_bytes` bytes of copies.
    pub(crate) fn new(
        staging: &'a Staging<'a>,
        table: Table,
        entries: &'a [FileEntry],
        max_bytes: u64,
    ) -> Self {
        Self { staging, table, entries, max_bytes, copies: Mutex::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn entry(&self, index: usize) -> &FileEntry {
        &self.entries[index]
    }

    /// The table's folder, for messages.
    pub(crate) fn folder(&self) -> PathBuf {
        self.staging.dataset().storage().path(&self.table.folder())
    }

    /// The file on the local disk, after checking that it is what was committed: damage must not get a new
    /// hash.
    pub(crate) fn open(&self, index: usize) -> Result<Arc<LocalFile>, LakeError> {
        let copies = || self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = copies().files.get(&index) {
            return Ok(Arc::clone(file));
        }
        let (entry, storage) = (self.entry(index), self.staging.dataset().storage());
        let file = storage.fetch(&self.table.data_file(&entry.path)?, entry.size, self.staging.dir())?;
        let (sha256, _) = disk::hash_own_file(&file.path)?;
        if entry.sha256.as_ref().is_some_and(|committed| *committed != hex(&sha256)) {
            return Err(LakeError::Foreign {
                path: self.folder().join(&entry.path),
                problem: "not the file that was committed; run `saltmine verify`".to_owned(),
            });
        }
        let file = Arc::new(file);
        let copied = if file.copy.is_some() { entry.size } else { 0 };
        let mut copies = copies();
        if copies.bytes + copied <= self.max_bytes {
            copies.bytes += copied;
            copies.files.insert(index, Arc::clone(&file));
        }
        Ok(file)
    }
}

/// The number of rows of a file to read at a time, so that memory is bounded in bytes: a row may take some
/// hundred bytes or some MiB.
pub(crate) fn rows_at_a_time(metadata: &ParquetMetaData) -> usize {
    let groups = metadata.row_groups().iter().enumerate();
    let rows = groups.map(|(index, group)| match metadata.offset_index() {
        Some(pages) => pages.get(index).map_or(1, |columns| by_pages(group, columns)),
        None => by_bytes(group),
    });
    rows.min().unwrap_or(MAX_ROWS).clamp(1, MAX_ROWS)
}

fn by_bytes(group: &RowGroupMetaData) -> usize {
    let bytes = usize::try_from(group.total_byte_size()).unwrap_or(usize::MAX).max(1);
    let rows = usize::try_from(group.num_rows()).unwrap_or(1);
    BATCH_BYTES.saturating_mul(rows) / bytes
}

/// By the smallest text page, in rows, ignoring the last page of each column, which holds the remainder.
fn by_pages(
    group: &RowGroupMetaData,
    columns: &[parquet::file::page_index::offset_index::OffsetIndexMetaData],
) -> usize {
    let text = group.columns().iter().zip(columns);
    let text = text.filter(|(column, _)| column.column_type() == Type::BYTE_ARRAY);
    let smallest = text.filter_map(|(_, pages)| {
        let starts = pages.page_locations().iter().map(|page| page.first_row_index);
        starts.clone().zip(starts.skip(1)).map(|(start, next)| next.saturating_sub(start)).min()
    });
    smallest
        .min()
        .map_or(MAX_ROWS, |rows| usize::try_from(rows).unwrap_or(1).max(1).saturating_mul(PAGES_AT_A_TIME))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;
    use crate::encode::Encoder;
    use crate::tests::support::{Source, batch_with, ingest};
    use crate::{Dataset, DatasetLock, PartitionBy, PartitionBy::EventDate};

    /// The metadata of a file of rows with this user agent, written in batches of `rows`.
    fn written(agent: impl Fn(usize) -> String, batches: usize, rows: usize) -> (ParquetMetaData, u64) {
        let folder = tempfile::tempdir().unwrap();
        let encoder = Encoder::new().unwrap();
        let mut row_group = encoder.row_group().unwrap();
        for batch in 0..batches {
            let agents = (0..rows).map(|row| Some(agent(batch * rows + row)));
            let agents: ArrayRef = Arc::new(agents.collect::<arrow::array::StringViewArray>());
            row_group
                .write(&[batch_with(saltmine_scan::logs_schema(), rows, vec![("user_agent", agents)])])
                .unwrap();
        }
        let partition = crate::Partition { event_date: 0, bucket: None };
        let mut part = encoder.part(folder.path().join("000000.parquet"), partition).unwrap();
        part.append(row_group.close().unwrap()).unwrap();
        let staged = part.finish().unwrap();
        let file = disk::open_file(&staged.path).unwrap();
        let mut reader = parquet::file::metadata::ParquetMetaDataReader::new()
            .with_page_index_policy(parquet::file::metadata::PageIndexPolicy::Required);
        reader.try_parse(&file).unwrap();
        (reader.finish().unwrap(), staged.size)
    }

    #[test]
    fn batches_have_fewer_rows_if_rows_are_long() {
        let (short, _) = written(|row| format!("agent {}", row % 7), 4, 5000);
        assert_eq!(rows_at_a_time(&short), MAX_ROWS);
        // All texts differ and compress to almost nothing, so their size in the file says little.
        let (long, size) = written(|row| format!("{row:07}{}", "a".repeat(1 << 19)), 2, 40);
        assert!(size < 1 << 20, "{size}");
        assert!(rows_at_a_time(&long) <= 2 * PAGES_AT_A_TIME, "{}", rows_at_a_time(&long));
        // One long text among short ones.
        let one = |row: usize| if row == 4000 { "b".repeat(1 << 20) } else { format!("{row:030}") };
        let (mixed, _) = written(one, 4, 5000);
        assert!(rows_at_a_time(&mixed) >= PAGES_AT_A_TIME);
    }

    #[test]
    fn without_a_page_index_the_bytes_decide() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["c".repeat(1 << 20); 16]));
        let batch = RecordBatch::try_from_iter([("raw", texts)]).unwrap();
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_offset_index_disabled(true)
            .set_statistics_enabled(parquet::file::properties::EnabledStatistics::None)
            .build();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        let metadata = writer.close().unwrap();
        let rows = by_bytes(metadata.row_group(0));
        assert!((1..=8).contains(&rows), "{rows}");
    }

    #[test]
    fn copies_are_kept_up_to_a_limit_and_others_removed_after_use() {
        let folder = tempfile::tempdir().unwrap();
        let dataset = Dataset::open_or_create(folder.path(), EventDate).unwrap();
        for id in 1..=4 {
            let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
            ingest(&lock, &[Source { id, days: &[19_000], rows: 5, rejects: 0 }]).unwrap();
        }
        assert_eq!(dataset.partition_by(), PartitionBy::EventDate);
        let dataset = dataset.copying();
        let entries = crate::table::delta_log::read(dataset.storage().as_ref(), Table::Logs).unwrap().files;
        let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
        let staging = lock.begin().unwrap();
        let copies = || std::fs::read_dir(staging.dir()).unwrap().count();
        let max_bytes = entries[0].size + entries[1].size;
        let files = PartitionFiles::new(&staging, Table::Logs, &entries, max_bytes);
        for _pass in 0..2 {
            for index in 0..files.len() {
                let file = files.open(index).unwrap();
                assert!(file.path.exists() && copies() <= 3);
            }
        }
        assert_eq!(copies(), 2);
        drop(files);
        assert_eq!(copies(), 0);
    }
}
