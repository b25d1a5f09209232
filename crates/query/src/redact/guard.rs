//! Refuses plans that bypass the redaction of a table.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::DataFusionError;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::explain::ExplainExec;
use datafusion::physical_plan::memory::LazyMemoryExec;
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_plan::streaming::StreamingTableExec;
use datafusion::physical_plan::work_table::WorkTableExec;

use super::redacted_table::RedactExec;

/// The last optimizer rule. It changes nothing, but fails if a plan has a source of rows that is neither below a
/// [`RedactExec`] nor unable to hold a file's rows.
#[derive(Debug)]
pub(crate) struct RedactionGuard;

impl PhysicalOptimizerRule for RedactionGuard {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        check(&plan)?;
        Ok(plan)
    }

    fn name(&self) -> &str {
        "redaction_guard"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn check(plan: &Arc<dyn ExecutionPlan>) -> Result<()> {
    if plan.is::<RedactExec>() {
        return Ok(());
    }
    let children = plan.children();
    if children.is_empty() && !is_harmless(plan.as_ref()) {
        let problem = format!("refused under redaction: {} reads an unredacted table", plan.name());
        return Err(DataFusionError::Plan(problem));
    }
    children.into_iter().try_for_each(check)
}

/// Row sources that SQL itself creates, and lists of tables and columns.
fn is_harmless(source: &dyn ExecutionPlan) -> bool {
    if let Some(source) = source.downcast_ref::<DataSourceExec>() {
        return source.data_source().downcast_ref::<MemorySourceConfig>().is_some();
    }
    if let Some(source) = source.downcast_ref::<StreamingTableExec>() {
        let schema = source.partition_schema();
        let first = schema.fields().first().map(|field| field.name().as_str());
        // The first columns of the tables in information_schema, which none of our tables has.
        return matches!(first, Some("table_catalog" | "catalog_name" | "specific_catalog"))
            || (first == Some("name") && schema.field_with_name("description").is_ok());
    }
    source.is::<EmptyExec>()
        || source.is::<ExplainExec>()
        || source.is::<LazyMemoryExec>()
        || source.is::<PlaceholderRowExec>()
        || source.is::<WorkTableExec>()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures::TryStreamExt;

    use crate::redact::Redaction;
    use crate::session::{Session, SessionOptions};

    // The plan decides, whatever SQL it came from.
    #[tokio::test]
    async fn a_table_around_the_redaction_is_refused() {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/logs");
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list.csv");
        std::fs::write(&list, "a,b\n1,198.51.100.7\n").unwrap();
        let redaction = Redaction { addresses: true, principals: true, key_file: None };
        let options = SessionOptions {
            inputs: vec![samples.to_owned()],
            tables: vec![("list".to_owned(), list)],
            redaction: Some(redaction),
            ..SessionOptions::default()
        };
        let session = Session::open(&options).await.unwrap();
        for name in ["logs", "sources", "list"] {
            let around = session.unredacted().table_provider(name).await.unwrap();
            session.context().register_table("around", around).unwrap();
            for sql in [
                "SELECT * FROM around",
                "SELECT count(*) FROM around",
                "SELECT (SELECT min(a) FROM (SELECT 1 AS a FROM around))",
                "SELECT 1 FROM logs WHERE EXISTS (SELECT * FROM around)",
                "EXPLAIN ANALYZE SELECT * FROM around UNION ALL SELECT * FROM around",
            ] {
                let error = session.sql(sql, &Default::default()).await.err().map(|error| error.to_string());
                assert!(
                    error.as_ref().is_some_and(|text| text.contains("refused under redaction")),
                    "{sql}: {error:?}"
                );
            }
            session.context().deregister_table("around").unwrap();
        }
        for sql in [
            "SELECT count(*) FROM logs",
            "SELECT * FROM logs WHERE 1 = 0",
            "VALUES (1), (2)",
            "SELECT * FROM generate_series(1, 3)",
            "SELECT * FROM information_schema.columns",
            "SELECT * FROM information_schema.routines",
            "SELECT * FROM information_schema.df_settings",
            "SHOW TABLES",
            "DESCRIBE logs",
            "EXPLAIN SELECT * FROM logs",
            "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n",
        ] {
            let rows = session.sql(sql, &Default::default()).await.unwrap();
            let rows: Vec<_> = rows.try_collect().await.unwrap();
            assert!(
                rows.iter().map(|rows| rows.num_rows()).sum::<usize>() > 0 || sql.contains("1 = 0"),
                "{sql}"
            );
        }
    }
}
