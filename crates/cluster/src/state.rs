//! The settings and functions that client, scheduler and executors share.

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

/// Executors ask for work. Where a scheduler gives it out unasked, it keeps account of who has a hand free, and Ballista 55
/// loses those whose tasks ended after their stage was taken back, as an input of it was lost with an executor: in the
/// end nobody gets work any more.
pub(crate) const SCHEDULING: TaskSchedulingPolicy = TaskSchedulingPolicy::PullStaged;

/// Most bytes of a message: a plan over a million files is a hundred megabytes of their paths.
pub(crate) const MESSAGE: usize = 1 << 30;

/// Settings for Ballista, each with its reason; `config` may have others already.
pub(crate) fn settings(config: SessionConfig) -> SessionConfig {
    config
        .upgrade_for_ballista()
        .with_ballista_logical_extension_codec(Arc::new(LogicalCodec::default()))
        .with_ballista_physical_extension_codec(Arc::new(PhysicalCodec::default()))
        .with_ballista_grpc_client_max_message_size(MESSAGE)
        // Its adaptive planner is experimental, and says of itself that it does not bear the loss of an executor.
        .set_bool("ballista.planner.adaptive.enabled", false)
}

/// Settings of a process that starts without any.
pub(crate) fn fresh_settings() -> SessionConfig {
    settings(SessionConfig::new())
}

/// Ballista's own state with our functions.
pub(crate) fn state(config: SessionConfig) -> Result<SessionState> {
    let state = SessionStateBuilder::new_from_existing(default_session_builder(config)?);
    let context = SessionContext::new_with_state(state.with_runtime_env(stores::runtime(None)?).build());
    saltmine_query::functions::register_all(&context);
    Ok(context.state())
}
