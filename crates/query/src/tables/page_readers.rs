//! Parquet readers that know the position of each page.
//!
//! DataFusion reads the page index only if it can skip pages by their bounds. Datasets have no page bounds, but once a
//! filter has selected rows, only the pages of the other columns that hold these rows need to be read.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use object_store::ObjectStore;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

/// The most files whose bytes EXPLAIN ANALYZE counts. DataFusion keeps the metrics of each file, some 5 kB, until the query
/// ends.
const MAX_METERED_FILES: usize = 1000;

/// Creates the readers. File metadata is cached for the session.
#[derive(Debug)]
pub(crate) struct PageReaders {
    readers: CachedParquetFileReaderFactory,
    is_metered: bool,
}

impl PageReaders {
    /// For `file_count` files in a store.
    pub(crate) fn new(store: Arc<dyn ObjectStore>, cache: Arc<FileMetadataCache>, file_count: usize) -> Self {
        let readers = CachedParquetFileReaderFactory::new(store, cache);
        Self { readers, is_metered: file_count <= MAX_METERED_FILES }
    }
}

impl ParquetFileReaderFactory for PageReaders {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        footer_size: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let discarded = ExecutionPlanMetricsSet::new();
        let metrics = if self.is_metered { metrics } else { &discarded };
        Ok(Box::new(PageReader(self.readers.create_reader(partition, file, footer_size, metrics)?)))
    }
}

struct PageReader(Box<dyn AsyncFileReader + Send>);

impl AsyncFileReader for PageReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.0.get_bytes(range)
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        self.0.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        Box::pin(async move {
            let options = options.cloned().unwrap_or_default();
            let options = options.with_page_index_policy(PageIndexPolicy::Optional);
            self.0.get_metadata(Some(&options)).await
        })
    }
}
