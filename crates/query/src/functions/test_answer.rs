//! Runs SQL for tests of aggregates.

#![allow(clippy::unwrap_used)]

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::register_all;

/// The answer as text. Partitions and small batches make an aggregate merge its states.
pub(super) async fn answer(sql: &str) -> String {
    let config = SessionConfig::new().with_target_partitions(3).with_batch_size(1000);
    let context = SessionContext::new_with_config(config);
    register_all(&context);
    let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
    pretty_format_batches(&batches).unwrap().to_string()
}
