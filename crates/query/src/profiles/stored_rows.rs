//! Rows of a profile as a table: in memory, or on disk if there are many. The number of principals, networks and days
//! in logs is up to those who send requests.

use std::fs::File;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

/// Most bytes of rows in memory, per profile.
const MAX_IN_MEMORY: usize = if cfg!(test) { 64 << 10 } else { 16 << 20 };
/// Rows per row group, which are held in memory while they are written.
const ROW_GROUP_ROWS: usize = 65_536;

/// Reads all rows into a table.
///
/// # Errors
/// If the rows cannot be computed, or the disk is full.
pub(super) async fn table_of(
    context: &SessionContext,
    mut rows: SendableRecordBatchStream,
) -> Result<Arc<dyn TableProvider>> {
    // Columns that the plan declares as never null may differ from batch to batch.
    let fields = rows
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect::<Vec<_>>();
    let schema = Arc::new(Schema::new(fields));
    let (mut batches, mut bytes) = (Vec::new(), 0);
    while let Some(batch) = rows.try_next().await? {
        bytes += batch.get_array_memory_size();
        batches.push(batch.with_schema(Arc::clone(&schema))?);
        if bytes > MAX_IN_MEMORY {
            return on_disk(context, schema, batches, rows).await;
        }
    }
    Ok(Arc::new(MemTable::try_new(schema, vec![batches])?))
}

async fn on_disk(
    context: &SessionContext,
    schema: SchemaRef,
    first: Vec<RecordBatch>,
    mut rows: SendableRecordBatchStream,
) -> Result<Arc<dyn TableProvider>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rows.parquet");
    let properties = WriterProperties::builder()
        .set_compression(Compression::LZ4_RAW)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build();
    let mut writer = ArrowWriter::try_new(File::create_new(&path)?, Arc::clone(&schema), Some(properties))?;
    for batch in first {
        writer.write(&batch)?;
    }
    while let Some(batch) = rows.try_next().await? {
        writer.write(&batch.with_schema(Arc::clone(&schema))?)?;
    }
    writer.close()?;
    let path = path.to_string_lossy();
    let table = context.read_parquet(path.as_ref(), ParquetReadOptions::default()).await?.into_view();
    Ok(Arc::new(StoredRows { table, _folder: folder }))
}

/// A table over a temporary folder, which is removed with it.
#[derive(Debug)]
struct StoredRows {
    table: Arc<dyn TableProvider>,
    _folder: TempDir,
}

#[async_trait]
impl TableProvider for StoredRows {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.table.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.table.scan(state, projection, filters, limit).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn answer(context: &SessionContext, table: &str) -> String {
        let sql = format!(
            "SELECT count(*) AS n, sum(value) AS sum, min(name) AS min, max(name) AS max FROM {table}"
        );
        context.sql(&sql).await.unwrap().to_string().await.unwrap()
    }

    #[tokio::test]
    async fn many_rows_are_on_disk_and_few_in_memory_with_the_same_values() {
        let context = SessionContext::new();
        let few = "SELECT * FROM (VALUES (1, 'principal 1'), (2, 'principal 2')) AS few(value, name)";
        let many = "SELECT value, concat('principal ', value) AS name FROM generate_series(1, 50000)";
        for (sql, is_on_disk) in [(few, false), (many, true)] {
            let stream = context.sql(sql).await.unwrap().execute_stream().await.unwrap();
            let table = table_of(&context, stream).await.unwrap();
            let folder = table.downcast_ref::<StoredRows>().map(|stored| stored._folder.path().to_path_buf());
            assert_eq!(folder.is_some(), is_on_disk, "{sql}");
            context.register_table("profile", table).unwrap();
            assert_eq!(answer(&context, "profile").await, answer(&context, &format!("({sql})")).await);
            context.deregister_table("profile").unwrap();
            assert!(folder.is_none_or(|folder| !folder.exists()));
        }
    }
}
