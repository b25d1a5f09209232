//! All DataFusion settings that differ from the defaults, each with its reason.

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::config::ConfigNonZeroUsize;
use datafusion::error::Result;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::SessionConfig;

use super::memory;

/// The configuration of a session. `threads`: 0 for one per core.
///
/// # Errors
/// If DataFusion refuses a value.
pub(crate) fn config(threads: usize, memory_limit: usize) -> Result<SessionConfig> {
    let mut config = SessionConfig::new().with_information_schema(true);
    if threads > 0 {
        config = config.with_target_partitions(threads);
    }
    let settings = config.options_mut();
    // Log times are UTC; the time zone of the machine must not matter.
    settings.execution.time_zone = Some("UTC".into());
    // Needed for error positions in the SQL.
    settings.sql_parser.collect_spans = true;
    // Most queries keep few, wide rows: filter before decoding the other columns.
    settings.execution.parquet.pushdown_filters = true;
    settings.execution.parquet.reorder_filters = true;
    // It evaluates functions such as file_row_index(), and struct members, below a projection that has given another
    // column the same name, and so on the wrong column.
    settings.optimizer.enable_leaf_expression_pushdown = false;
    // The footers of a dataset are read once and provide all statistics.
    settings.execution.collect_statistics = false;
    // A file for each batch that a repartition spills: the reader of two files that are both still written to may wait
    // for ever for the older one (https://github.com/apache/datafusion/issues/24883).
    settings.execution.max_spill_file_size_bytes = ConfigNonZeroUsize::try_new(1)?;
    // A single sort manages with little memory.
    settings.optimizer.repartition_sorts = memory::is_ample(memory_limit);
    Ok(config)
}

/// Resources of a session: disk for intermediate results, and memory up to the given or default limit.
///
/// # Errors
/// If the disk manager cannot be created.
pub(crate) fn runtime(memory_limit: Option<usize>) -> Result<Arc<RuntimeEnv>> {
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::OsTmpDirectory);
    let builder = RuntimeEnvBuilder::new().with_disk_manager_builder(disk);
    let limit = memory_limit.unwrap_or_else(memory::default_limit);
    let consumers = NonZeroUsize::MIN.saturating_add(2);
    let pool = TrackConsumersPool::new(FairSpillPool::new(limit), consumers);
    builder.with_memory_pool(Arc::new(pool)).build_arc()
}
