//! Settings and functions shared by the client, the scheduler and the executors.

use std::sync::Arc;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::extension::SessionConfigExt;
use ballista_core::utils::default_session_builder;
use saltmine_query::datafusion::error::Result;
use saltmine_query::datafusion::execution::SessionState;
use saltmine_query::datafusion::execution::session_state::SessionStateBuilder;
use saltmine_query::datafusion::prelude::{SessionConfig, SessionContext};

use crate::codec::{LogicalCodec, PhysicalCodec};
use crate::stores;

/// Executors poll for work. If the scheduler pushes it, the scheduler tracks free slots, and Ballista 55
/// loses the slots of tasks that end after their stage was rolled back because an executor with one of its
/// inputs was lost. In the end no executor gets work any more.
pub(crate) const SCHEDULING: TaskSchedulingPolicy = TaskSchedulingPolicy::PullStaged;

/// The maximum message size in bytes: a plan over a million files contains a hundred megabytes of paths.
pub(crate) const MAX_MESSAGE_BYTES: usize = 1 << 30;

/// Settings for Ballista, each with its reason; `config` may already have others.
pub(crate) fn settings(config: SessionConfig) -> SessionConfig {
    config
        .upgrade_for_ballista()
        .with_ballista_logical_extension_codec(Arc::new(LogicalCodec::default()))
        .with_ballista_physical_extension_codec(Arc::new(PhysicalCodec::default()))
        .with_ballista_grpc_client_max_message_size(MAX_MESSAGE_BYTES)
        // The adaptive planner is experimental and documented as unable to handle the loss of an executor.
        .set_bool("ballista.planner.adaptive.enabled", false)
}

/// Settings for a process that starts with none.
pub(crate) fn default_settings() -> SessionConfig {
    settings(SessionConfig::new())
}

/// Ballista's own state plus our functions.
pub(crate) fn state(config: SessionConfig) -> Result<SessionState> {
    let state = SessionStateBuilder::new_from_existing(default_session_builder(config)?);
    let context = SessionContext::new_with_state(state.with_runtime_env(stores::runtime(None)?).build());
    saltmine_query::functions::register_all(&context);
    Ok(context.state())
}
