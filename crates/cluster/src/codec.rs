//! Serialises our tables and plans, next to Ballista's. Ours begin with a marker and continue as JSON.

use std::sync::Arc;

use ballista_core::serde::{BallistaLogicalExtensionCodec, BallistaPhysicalExtensionCodec};
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use saltmine_query::datafusion::arrow::datatypes::SchemaRef;
use saltmine_query::datafusion::catalog::TableProvider;
use saltmine_query::datafusion::common::TableReference;
use saltmine_query::datafusion::datasource::file_format::FileFormatFactory;
use saltmine_query::datafusion::error::{DataFusionError, Result};
use saltmine_query::datafusion::execution::TaskContext;
use saltmine_query::datafusion::logical_expr::{Extension, LogicalPlan};
use saltmine_query::datafusion::physical_plan::ExecutionPlan;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::table::WireTable;
use crate::task::{Task, TaskExec};

/// No Protocol Buffers message begins with a zero byte.
const MARKER_BYTE: &[u8] = b"\0saltmine 1\n";

fn write<T: Serialize>(value: &T, buf: &mut Vec<u8>) -> Result<()> {
    buf.extend_from_slice(MARKER_BYTE);
    serde_json::to_writer(buf, value).map_err(|error| DataFusionError::External(error.into()))
}

/// Decodes our own data; `None` for anything else.
fn read<T: DeserializeOwned>(buf: &[u8]) -> Result<Option<T>> {
    let Some(json) = buf.strip_prefix(MARKER_BYTE) else { return Ok(None) };
    serde_json::from_slice(json).map(Some).map_err(|error| DataFusionError::External(error.into()))
}

/// Logical plans, including our tables.
#[derive(Debug, Default)]
pub(crate) struct LogicalCodec {
    inner: BallistaLogicalExtensionCodec,
}

impl LogicalExtensionCodec for LogicalCodec {
    fn try_decode(&self, buf: &[u8], inputs: &[LogicalPlan], ctx: &TaskContext) -> Result<Extension> {
        self.inner.try_decode(buf, inputs, ctx)
    }

    fn try_encode(&self, node: &Extension, buf: &mut Vec<u8>) -> Result<()> {
        self.inner.try_encode(node, buf)
    }

    fn try_decode_table_provider(
        &self,
        buf: &[u8],
        table: &TableReference,
        schema: SchemaRef,
        ctx: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        match read::<WireTable>(buf)? {
            Some(sent) => sent.into_provider(),
            None => self.inner.try_decode_table_provider(buf, table, schema, ctx),
        }
    }

    fn try_encode_table_provider(
        &self,
        table: &TableReference,
        node: Arc<dyn TableProvider>,
        buf: &mut Vec<u8>,
    ) -> Result<()> {
        match WireTable::from_provider(node.as_ref())? {
            Some(sent) => write(&sent, buf),
            None => self.inner.try_encode_table_provider(table, node, buf),
        }
    }

    fn try_decode_file_format(&self, buf: &[u8], ctx: &TaskContext) -> Result<Arc<dyn FileFormatFactory>> {
        self.inner.try_decode_file_format(buf, ctx)
    }

    fn try_encode_file_format(&self, buf: &mut Vec<u8>, node: Arc<dyn FileFormatFactory>) -> Result<()> {
        self.inner.try_encode_file_format(buf, node)
    }
}

/// Physical plans, including our work.
#[derive(Debug, Default)]
pub(crate) struct PhysicalCodec {
    inner: BallistaPhysicalExtensionCodec,
}

impl PhysicalExtensionCodec for PhysicalCodec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        ctx: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(task) = read::<Task>(buf)? else {
            return self.inner.try_decode(buf, inputs, ctx, converter);
        };
        match inputs {
            [input] => Ok(Arc::new(TaskExec::try_new(Arc::clone(input), task)?)),
            _ => Err(DataFusionError::Plan(format!("work over {} inputs", inputs.len()))),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        match node.downcast_ref::<TaskExec>() {
            Some(exec) => write(exec.task(), buf),
            None => self.inner.try_encode(node, buf, converter),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion_proto::physical_plan::AsExecutionPlan;
    use datafusion_proto::protobuf::PhysicalPlanNode;
    use saltmine_query::datafusion::arrow::array::RecordBatch;
    use saltmine_query::datafusion::arrow::datatypes::{DataType, Schema};
    use saltmine_query::datafusion::datasource::empty::EmptyTable;
    use saltmine_query::datafusion::physical_plan::{ExecutionPlanProperties, collect_partitioned};
    use saltmine_query::datafusion::prelude::SessionContext;
    use saltmine_query::remote::RemoteTable;

    use super::*;
    use crate::state::{default_settings, state};

    const LINE: &str = "0wner data [01/May/2026:10:00:00 +0000] 198.51.100.7 - 0A REST.GET.OBJECT k \"GET /k HTTP/1.1\" \
                        200 - 1 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n";

    /// A table received by the scheduler.
    fn sent(provider: Arc<dyn TableProvider>) -> Arc<dyn TableProvider> {
        let (codec, name, mut buf) = (LogicalCodec::default(), TableReference::bare("logs"), Vec::new());
        codec.try_encode_table_provider(&name, Arc::clone(&provider), &mut buf).unwrap();
        let context = SessionContext::new();
        let schema = provider.schema();
        codec.try_decode_table_provider(&buf, &name, schema, &context.task_ctx()).unwrap()
    }

    #[test]
    fn a_table_that_is_not_ours_is_left_to_ballista() {
        let schema = Arc::new(Schema::empty());
        let other = EmptyTable::new(schema);
        let (codec, mut buf) = (LogicalCodec::default(), Vec::new());
        let result = codec.try_encode_table_provider(&"t".into(), Arc::new(other), &mut buf);
        assert!(result.is_err() && buf.is_empty());
    }

    /// A scan of raw logs, sent like the stages of a plan: each file is read in one partition, once.
    #[tokio::test]
    async fn raw_logs_are_read_by_the_process_that_receives_them() {
        let folder = tempfile::tempdir().unwrap();
        for number in 1..=5 {
            std::fs::write(folder.path().join(format!("log-{number}")), LINE.repeat(number)).unwrap();
        }
        let options = saltmine_query::SessionOptions {
            inputs: vec![folder.path().to_string_lossy().into_owned()],
            remote: Some(Arc::new(crate::Cluster::new("df://localhost:1".parse().unwrap(), Some(3)))),
            ..Default::default()
        };
        let session = saltmine_query::Session::open(&options).await.unwrap();
        let provider = session.context().table_provider("logs").await.unwrap();
        assert!(RemoteTable::from_provider(provider.as_ref()).unwrap().is_some());
        let table = sent(provider);
        let state = state(default_settings().with_target_partitions(3)).unwrap();
        let columns =
            [table.schema().index_of("log_file").unwrap(), table.schema().index_of("bytes_sent").unwrap()];
        let plan = table.scan(&state, Some(&columns.to_vec()), &[], None).await.unwrap();
        let codec = PhysicalCodec::default();
        let node = PhysicalPlanNode::try_from_physical_plan(plan, &codec).unwrap();
        let context = SessionContext::new_with_state(state);
        let plan = node.try_into_physical_plan(&context.task_ctx(), &codec).unwrap();
        assert_eq!(plan.output_partitioning().partition_count(), 3);
        let rows = collect_partitioned(plan, context.task_ctx()).await.unwrap();
        let count = |batches: &Vec<RecordBatch>| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        assert_eq!(rows.iter().map(count).collect::<Vec<_>>(), [1 + 4, 2 + 5, 3]);
        assert_eq!(rows[0][0].schema().field(0).data_type(), &DataType::Utf8);
    }
}
