//! All DataFusion settings that differ from its own, each with its reason.

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::SessionConfig;

use super::memory;

/// The configuration of a session. `threads`: 0 for one a core.
pub(crate) fn config(threads: usize, memory_limit: usize) -> SessionConfig {
    let mut config = SessionConfig::new().with_information_schema(true);
    if threads > 0 {
        config = config.with_target_partitions(threads);
    }
    let settings = config.options_mut();
    // Log times are UTC; what the machine thinks is of no meaning for them.
    settings.execution.time_zone = Some("UTC".into());
    // So that errors can say where in the SQL they are.
    settings.sql_parser.collect_spans = true;
    // Most questions keep few rows of wide ones: filter before the other columns are decoded.
    settings.execution.parquet.pushdown_filters = true;
    settings.execution.parquet.reorder_filters = true;
    // It computes functions such as file_row_index(), and members of structs, below a projection that has given another
    // column the name of theirs, and so of the wrong column.
    settings.optimizer.enable_leaf_expression_pushdown = false;
    // The footers of a dataset are read once, and tell all that is asked of them.
    settings.execution.collect_statistics = false;
    // One sort does with what memory there is.
    settings.optimizer.repartition_sorts = memory::is_ample(memory_limit);
    config
}

/// What a session may use of the machine: disk for intermediate results, and memory up to the limit, or the default.
///
/// # Errors
/// Where the disk manager cannot be made.
pub(crate) fn runtime(memory_limit: Option<usize>) -> Result<Arc<RuntimeEnv>> {
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::OsTmpDirectory);
    let builder = RuntimeEnvBuilder::new().with_disk_manager_builder(disk);
    let limit = memory_limit.unwrap_or_else(memory::default_limit);
    let consumers = NonZeroUsize::MIN.saturating_add(2);
    let pool = TrackConsumersPool::new(FairSpillPool::new(limit), consumers);
    builder.with_memory_pool(Arc::new(pool)).build_arc()
}
