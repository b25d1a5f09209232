//! Rows that are so long that the usual number of them does not fit into memory.
//!
//! Operators collect rows until they have a batch of 8192. A line of a log may have 4 MiB, so a batch of such lines would
//! take 32 GiB, which no memory pool tracks. Sessions over data with long lines use smaller batches.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::prelude::SessionConfig;

/// Bytes of text in a batch; the usual 8192 rows have 4 to 8 MiB.
pub(crate) const BATCH_BYTES: u64 = 32 << 20;

/// Watches the rows that scans of raw logs return until a query has its first result. Until then it can be restarted
/// with smaller batches.
#[derive(Debug)]
pub(crate) struct RowWatch(AtomicBool);

impl RowWatch {
    /// Watches the scans of one query.
    pub(crate) fn begin(config: &mut SessionConfig) -> Arc<Self> {
        let watch = Arc::new(Self(AtomicBool::new(true)));
        config.set_extension(Arc::clone(&watch));
        watch
    }

    /// The query has results, and cannot be restarted any more.
    pub(crate) fn end(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Measures the rows of one scan.
pub(crate) struct RowMeter {
    watch: Option<Arc<RowWatch>>,
    batch_rows: usize,
    rows: usize,
    bytes: u64,
}

impl RowMeter {
    /// For a scan of the query that is running in `context`.
    pub(crate) fn new(context: &TaskContext) -> Self {
        let config = context.session_config();
        let (watch, batch_rows) = (config.get_extension::<RowWatch>(), config.batch_size());
        Self { watch, batch_rows, rows: 0, bytes: 0 }
    }

    /// A meter that accepts everything.
    pub(crate) fn unlimited() -> Self {
        Self { watch: None, batch_rows: usize::MAX, rows: 0, bytes: 0 }
    }

    /// Adds rows and the average number of bytes of their lines.
    ///
    /// # Errors
    /// If the rows since the last full batch have more than [`BATCH_BYTES`], and the query can be restarted.
    pub(crate) fn add(&mut self, rows: usize, line_bytes: u64) -> Result<(), DataFusionError> {
        self.rows = self.rows.saturating_add(rows);
        self.bytes = self.bytes.saturating_add(line_bytes.saturating_mul(rows as u64));
        if self.bytes > BATCH_BYTES && self.watch.as_ref().is_some_and(|watch| watch.is_on()) {
            return Err(DataFusionError::External(Box::new(LongRows { rows: self.rows.max(1) })));
        }
        if self.rows >= self.batch_rows {
            (self.rows, self.bytes) = (0, 0);
        }
        Ok(())
    }
}

/// A scan returned more than [`BATCH_BYTES`] in this number of rows.
#[derive(Debug)]
struct LongRows {
    rows: usize,
}

impl fmt::Display for LongRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows have more than {} MiB", self.rows, BATCH_BYTES >> 20)
    }
}

impl std::error::Error for LongRows {}

/// The number of rows per batch with which a query that failed with this error can be restarted.
pub(crate) fn smaller_batch(error: &DataFusionError) -> Option<usize> {
    let DataFusionError::External(error) = error.find_root() else { return None };
    error.downcast_ref::<LongRows>().map(|long| long.rows)
}

/// The number of rows of a batch that fits into [`BATCH_BYTES`], whatever lines it has: `sources` are numbers of bytes and
/// lines. `None` if the usual batch of `usual` rows fits.
pub(crate) fn fitting_batch(mut sources: Vec<(u64, u64)>, usual: usize) -> Option<usize> {
    sources.retain(|(_, lines)| *lines > 0);
    sources.sort_unstable_by_key(|(bytes, lines)| std::cmp::Reverse(bytes / lines));
    let (usual, mut rows, mut room) = (u64::try_from(usual).unwrap_or(u64::MAX), 0_u64, BATCH_BYTES);
    for (bytes, lines) in sources {
        if bytes > room {
            rows = rows.saturating_add(room / (bytes / lines).max(1));
            return (rows < usual).then(|| usize::try_from(rows.max(1)).unwrap_or(1));
        }
        (rows, room) = (rows.saturating_add(lines), room - bytes);
    }
    None
}

/// The error of a scan that returned long rows.
#[cfg(test)]
pub(crate) fn long_rows(rows: usize) -> DataFusionError {
    DataFusionError::External(Box::new(LongRows { rows }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    #[test]
    fn batches_are_small_only_if_many_lines_are_long() {
        let ordinary = vec![(500 * MB, 1_000_000); 50];
        assert_eq!(fitting_batch(ordinary.clone(), 8192), None);
        // One long line does not slow down a dataset.
        let one = [ordinary.clone(), vec![(4 * MB, 1)]].concat();
        assert_eq!(fitting_batch(one, 8192), None);
        let many = [ordinary, vec![(400 * MB, 400)]].concat();
        assert_eq!(fitting_batch(many, 8192), Some(33));
        assert_eq!(fitting_batch(vec![(4 * MB, 1); 10_000], 8192), Some(8));
        // Whatever a ledger claims, a batch has at least one row.
        assert_eq!(fitting_batch(vec![(u64::MAX, 1), (0, 0), (5, u64::MAX)], 8192), Some(1));
    }

    #[test]
    fn long_rows_restart_a_query_only_before_its_first_result() {
        let mut config = SessionConfig::new();
        let watch = RowWatch::begin(&mut config);
        let context = TaskContext::default().with_session_config(config);
        let mut meter = RowMeter::new(&context);
        for _ in 0..10 {
            assert!(meter.add(8192, 4000).is_ok(), "a full batch ends the count");
        }
        assert!(meter.add(30, MB).is_ok());
        let error = meter.add(10, MB).expect_err("too long").context("in a scan");
        assert_eq!(smaller_batch(&error), Some(40));
        watch.end();
        assert!(meter.add(10, MB).is_ok());
    }
}
