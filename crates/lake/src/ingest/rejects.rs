//! The rejects of a round. They are written to a file as they arrive, so input cannot determine how much
//! memory they take.

use std::path::PathBuf;

use saltmine_scan::{Reject, rejects_batch};

use crate::error::LakeError;
use crate::ingest::report::IngestReport;
use crate::table::layout::Table;
use crate::table::table_file::{TableWriter, WrittenFile};

/// Bytes of rejects in memory at which they are written out.
const WAITING_BYTES: usize = 8 << 20;
/// Rows written at a time.
const BATCH_ROWS: usize = 8192;

/// The rejects of a round.
pub(crate) struct Rejects {
    path: PathBuf,
    waiting: Vec<Reject>,
    bytes: usize,
    /// The first of the rejects that were written out, for display.
    first: Vec<Reject>,
    writer: Option<TableWriter>,
}

impl Rejects {
    /// No rejects yet. They go to a file at `path` if there are any.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, waiting: Vec::new(), bytes: 0, first: Vec::new(), writer: None }
    }

    /// Adds rejects; `name_of` returns the name of a source.
    pub(crate) fn push<'a>(
        &mut self,
        rejects: Vec<Reject>,
        name_of: impl Fn(usize) -> &'a str,
    ) -> Result<(), LakeError> {
        self.bytes += rejects.iter().map(size_of_reject).sum::<usize>();
        self.waiting.extend(rejects);
        if self.bytes < WAITING_BYTES { Ok(()) } else { self.write_waiting(name_of) }
    }

    /// The first rejects, in the order of their sources and lines, and the file with all of them, if there
    /// are any.
    pub(crate) fn finish<'a>(
        mut self,
        name_of: impl Fn(usize) -> &'a str,
    ) -> Result<(Vec<Reject>, Option<WrittenFile>), LakeError> {
        self.write_waiting(name_of)?;
        Ok((self.first, self.writer.map(TableWriter::finish).transpose()?))
    }

    fn write_waiting<'a>(&mut self, name_of: impl Fn(usize) -> &'a str) -> Result<(), LakeError> {
        let mut rejects = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        rejects.sort_by_key(|reject| (reject.source, reject.line));
        let room = IngestReport::MAX_KEPT.saturating_sub(self.first.len());
        self.first.extend(rejects.iter().take(room).cloned());
        for rejects in rejects.chunks(BATCH_ROWS) {
            let batch = rejects_batch(rejects, &name_of)
                .map_err(|error| LakeError::Arrow(arrow::error::ArrowError::ExternalError(error.into())))?;
            let mut writer = match self.writer.take() {
                Some(writer) => writer,
                None => TableWriter::create(self.path.clone(), Table::Rejects.file_schema())?,
            };
            writer.write(&batch)?;
            self.writer = Some(writer);
        }
        Ok(())
    }
}

fn size_of_reject(reject: &Reject) -> usize {
    // The allocator never returns less than 16 bytes.
    size_of::<Reject>() + reject.bytes.capacity().max(16) + reject.reason.capacity().max(16)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tests::support::parquet_batches;

    #[test]
    fn many_rejects_are_kept_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.parquet");
        let mut rejects = Rejects::new(path.clone());
        for block in (0..300_u64).rev() {
            let reject =
                |line| Reject { source: 0, line, offset: 0, reason: "r".into(), bytes: vec![b'x'; 100] };
            rejects.push((block * 1000..block * 1000 + 1000).map(reject).collect(), |_| "name").unwrap();
            assert!(rejects.bytes < WAITING_BYTES);
        }
        let (first, written) = rejects.finish(|_| "name").unwrap();
        assert_eq!((first.len(), written.unwrap().rows), (IngestReport::MAX_KEPT, 300_000));
        assert_eq!(parquet_batches(&path).iter().map(|batch| batch.num_rows()).sum::<usize>(), 300_000);
    }

    #[test]
    fn no_reject_makes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.parquet");
        let (first, written) = Rejects::new(path.clone()).finish(|_| "").unwrap();
        assert!(first.is_empty() && written.is_none() && !path.exists());
    }
}
