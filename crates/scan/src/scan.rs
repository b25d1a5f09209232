//! Reads a source as a stream of record batches.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::block::BlockPool;
use crate::decoder::{Decoder, Order};
use crate::error::ScanError;
use crate::reader::{ReadStatus, SourceReader};
use crate::reject::Reject;
use crate::report::{Counts, SourceReport};
use crate::row_filter::RowFilter;
use crate::schema::Column;
use crate::source::Source;

/// How a source is scanned.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// Positions in [`crate::table_schema`], in the requested order; `None` for all.
    pub projection: Option<Vec<usize>>,
    /// The number of rejects to keep; all are counted.
    pub kept_rejects: usize,
    /// Which rows are built; all are counted.
    pub filter: RowFilter,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self { projection: None, kept_rejects: 100, filter: RowFilter::default() }
    }
}

/// Reads a source from beginning to end. Damage is not an error: the rows before it are returned, and the
/// report describes it.
pub struct SourceScan {
    name: String,
    reader: SourceReader,
    decoder: Decoder,
    pool: Arc<BlockPool>,
    done: bool,
    counts: Counts,
    rejected: Vec<Reject>,
    kept_rejects: usize,
}

impl SourceScan {
    /// Opens a source. If it cannot be opened, it gives no rows and its report says why.
    pub fn open(source: &Source, options: &ScanOptions) -> Self {
        Self::open_in(source, options, BlockPool::new())
    }

    /// Like [`SourceScan::open`], with blocks from a pool that is shared with other scans.
    pub fn open_in(source: &Source, options: &ScanOptions, pool: Arc<BlockPool>) -> Self {
        Self::over(source, SourceReader::open(0, source), options, pool)
    }

    /// Scans the bytes of a source that were read elsewhere.
    pub fn over_bytes(source: &Source, bytes: Vec<u8>, options: &ScanOptions, pool: Arc<BlockPool>) -> Self {
        Self::over(source, SourceReader::over_bytes(0, bytes), options, pool)
    }

    /// A scan of a source that could not be read.
    pub fn unreadable(
        source: &Source,
        error: &std::io::Error,
        options: &ScanOptions,
        pool: Arc<BlockPool>,
    ) -> Self {
        Self::over(source, SourceReader::unreadable(0, error), options, pool)
    }

    fn over(source: &Source, reader: SourceReader, options: &ScanOptions, pool: Arc<BlockPool>) -> Self {
        let projection = options.projection.clone().unwrap_or_else(|| (0..Column::COUNT).collect());
        tracing::debug!(source = source.name, "read source");
        Self {
            name: source.name.clone(),
            reader,
            decoder: Decoder::new(projection, Order::Lines).with_filter(options.filter.clone()),
            pool,
            done: false,
            counts: Counts::default(),
            rejected: Vec::new(),
            kept_rejects: options.kept_rejects,
        }
    }

    /// The source's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of text read so far, after decompression.
    pub fn inflated(&self) -> u64 {
        self.reader.inflated()
    }

    /// Lines read so far.
    pub fn lines(&self) -> u64 {
        self.counts.lines
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        self.decoder.schema()
    }

    /// The next batch, which has at least one row; `None` at the end.
    ///
    /// # Errors
    /// If Arrow rejects the arrays, which would be a bug in this program.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, ScanError> {
        loop {
            match self.next_block()? {
                Some(batch) if batch.num_rows() == 0 => {}
                batch => return Ok(batch),
            }
        }
    }

    /// The rows of the next block, which may be none; `None` at the end. A caller that takes the rejects
    /// after each block never holds more than those of one block.
    ///
    /// # Errors
    /// See [`SourceScan::next_batch`].
    pub fn next_block(&mut self) -> Result<Option<RecordBatch>, ScanError> {
        if self.done {
            return Ok(None);
        }
        let mut block = self.pool.block();
        self.done = self.reader.fill(&mut block) == ReadStatus::Done;
        let late = self.reader.take_rejects();
        self.counts.lines += late.len() as u64;
        self.counts.rejects += late.len() as u64;
        self.keep(late);
        if block.is_empty() {
            return Ok(Some(RecordBatch::new_empty(Arc::clone(self.decoder.schema()))));
        }
        let name = &self.name;
        let decoded = self.decoder.decode(block, |_| name)?;
        for (_, counts) in &decoded.counts {
            self.counts.add(counts);
        }
        self.keep(decoded.rejects);
        Ok(Some(decoded.batch))
    }

    fn keep(&mut self, rejects: Vec<Reject>) {
        let room = self.kept_rejects.saturating_sub(self.rejected.len());
        self.rejected.extend(rejects.into_iter().take(room));
    }

    /// Rejects kept since the last call. They no longer count against the limit.
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        std::mem::take(&mut self.rejected)
    }

    /// The outcome for the source, as far as it was read.
    pub fn finish(self) -> SourceReport {
        let (source, state) = (&self.name, self.reader.state().as_str());
        tracing::debug!(
            source,
            state,
            lines = self.counts.lines,
            bytes = self.reader.inflated(),
            "finished source"
        );
        SourceReport {
            name: self.name,
            size: self.reader.size(),
            inflated: self.reader.inflated(),
            counts: self.counts,
            state: self.reader.state(),
            problem: self.reader.problem().cloned(),
            rejected: self.rejected,
        }
    }
}
