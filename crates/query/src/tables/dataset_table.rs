//! Tables of a dataset for DataFusion: exactly the Parquet files named by its Delta tables.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{Result, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::prelude::SessionContext;
use saltmine_lake::{DataFile, Dataset, LakeError, Table};
use saltmine_s3::{Bucket, S3Url};

use super::page_readers::PageReaders;
use super::plain_text::plain_schema;
use super::time_bounds::TimeBounds;
use crate::error::QueryError;

/// A dataset of ten years, ingested daily and never compacted, has not many more files.
const MANY_FILES: u64 = if cfg!(test) { 20 } else { 4000 };
/// Rows that are read while a file is opened.
const FEW_ROWS: u64 = 1000;
/// Most bytes of the files that are gathered on the temporary disk, whatever number of rows the Delta log claims.
const MOST_BYTES: u64 = 1 << 30;

/// A table of a dataset, as of when the session was opened.
#[derive(Debug)]
pub(crate) struct DatasetTable {
    table: Table,
    schema: TableSchema,
    files: Vec<DataFile>,
    partitioned: bool,
    store: ObjectStoreUrl,
}

impl DatasetTable {
    /// A table of these files; `plain` gives plain strings in place of views.
    pub(crate) fn of_files(table: Table, files: Vec<DataFile>, plain: bool) -> Result<Self> {
        let is_partitioned = table == Table::Logs;
        let partition = Arc::new(Field::new("event_date", DataType::Date32, true));
        let columns = if is_partitioned { vec![partition] } else { Vec::new() };
        let schema = if plain { plain_schema(&table.file_schema()) } else { table.file_schema() };
        let schema = TableSchema::builder(schema).with_table_partition_cols(columns).build();
        // All files of a table are in one place.
        let store = match files.first().and_then(|file| S3Url::of_path(&file.path)) {
            Some(url) => store_url(&url)?,
            None => ObjectStoreUrl::local_filesystem(),
        };
        Ok(Self { table, schema, files, partitioned: is_partitioned, store })
    }

    pub(crate) fn table(&self) -> Table {
        self.table
    }

    pub(crate) fn files(&self) -> &[DataFile] {
        &self.files
    }

    /// Whether opening the files takes most of the time of a scan: they are many, and have few rows.
    pub(crate) fn is_scattered(&self) -> bool {
        let rows = self.files.iter().map(|file| file.rows.unwrap_or_default()).fold(0, u64::saturating_add);
        let bytes = self.files.iter().map(|file| file.size).fold(0, u64::saturating_add);
        let files = self.files.len() as u64;
        bytes <= MOST_BYTES
            && files > MANY_FILES
            && self.files.iter().all(|file| file.rows.is_some())
            && rows / files < FEW_ROWS
    }

    fn statistics_of(&self, files: &[&DataFile]) -> Statistics {
        let mut statistics = Statistics::new_unknown(self.schema.table_schema());
        statistics.num_rows =
            files.iter().map(|file| rows_of(file)).fold(Precision::Exact(0), |sum, rows| sum.add(&rows));
        statistics
    }

    fn partitioned_file(&self, file: &DataFile) -> Result<PartitionedFile> {
        let path = match S3Url::of_path(&file.path) {
            Some(url) => object_store::path::Path::parse(&url.key),
            None => object_store::path::Path::from_absolute_path(&file.path),
        };
        let path = path.map_err(|error| DataFusionError::External(error.into()))?;
        let mut partitioned = PartitionedFile::new(String::new(), file.size);
        partitioned.object_meta.location = path;
        // Without statistics of its own, which take 10 kB for each file and each scan: there may be 20,000 files, and the
        // bounds that are known have been compared with the filters.
        if self.partitioned {
            partitioned.partition_values = vec![ScalarValue::Date32(file.event_date)];
        }
        Ok(partitioned)
    }
}

/// The number of rows of a file. Unknown if its Delta log does not say: a 0 would be taken as exact.
fn rows_of(file: &DataFile) -> Precision<usize> {
    file.rows.and_then(|rows| usize::try_from(rows).ok()).map_or(Precision::Absent, Precision::Exact)
}

/// Registers the bucket of a dataset with DataFusion, if it is in one.
pub(crate) fn register_bucket(context: &SessionContext, dataset: &Dataset) -> Result<(), QueryError> {
    if let Some(url) = S3Url::of_path(dataset.root()) {
        let store = Bucket::open(&url.bucket).map_err(LakeError::from)?.store();
        context.runtime_env().register_object_store(store_url(&url)?.as_ref(), store);
    }
    Ok(())
}

fn store_url(url: &S3Url) -> Result<ObjectStoreUrl, DataFusionError> {
    ObjectStoreUrl::parse(format!("s3://{}", url.bucket))
}

#[async_trait]
impl TableProvider for DatasetTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics_of(&self.files.iter().collect::<Vec<_>>()))
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let bounds = TimeBounds::from_filters(filters);
        let files: Vec<&DataFile> =
            self.files.iter().filter(|file| bounds.may_hold(file.min_time, file.max_time)).collect();
        if files.is_empty() {
            // A scan without files has no partition, which some parent plans do not support.
            let schema = self.schema.table_schema();
            let schema = match projection {
                Some(columns) => Arc::new(schema.project(columns)?),
                None => Arc::clone(schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let (statistics, file_count) = (self.statistics_of(&files), files.len());
        let group =
            FileGroup::new(files.into_iter().map(|file| self.partitioned_file(file)).collect::<Result<_>>()?);
        let groups = group.split_files(state.config().target_partitions());
        let options = state.config_options().execution.parquet.clone();
        let options =
            datafusion::common::config::TableParquetOptions { global: options, ..Default::default() };
        let runtime = state.runtime_env();
        let readers = PageReaders::new(
            runtime.object_store(&self.store)?,
            runtime.cache_manager.get_file_metadata_cache(),
            file_count,
        );
        let source = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(readers));
        let config = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
