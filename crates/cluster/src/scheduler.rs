//! `saltmine scheduler`: Ballista's scheduler, with our tables and functions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ballista_core::error::BallistaError;
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::start_server;

use crate::codec::{LogicalCodec, PhysicalCodec};
use crate::error::ClusterError;
use crate::executor_loss::CancellingState;
use crate::state::{MAX_MESSAGE_BYTES, SCHEDULING, default_settings, state};

/// A busy executor sends a heartbeat every five seconds.
const MIN_TIMEOUT: u64 = 8;

/// Options of a scheduler.
#[derive(Clone, Debug)]
pub struct SchedulerOptions {
    /// The address to listen on.
    pub bind: SocketAddr,
    /// The name by which executors reach it.
    pub host: String,
    /// Seconds without a heartbeat after which an executor counts as lost and its tasks are reassigned; at
    /// least 8.
    pub executor_timeout: u64,
    /// The maximum number of attempts for a task.
    pub attempts: usize,
}

/// The URL by which a process that listens at `bind` reaches itself.
fn own_url(mut bind: SocketAddr) -> String {
    if bind.ip().is_unspecified() {
        bind.set_ip(match bind.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{bind}")
}

/// Runs a scheduler until it fails.
///
/// # Errors
/// If it cannot listen.
pub async fn run_scheduler(options: &SchedulerOptions) -> Result<(), ClusterError> {
    let failed =
        |source: BallistaError| ClusterError::Process { what: "scheduler", source: Box::new(source) };
    let timeout = options.executor_timeout.max(MIN_TIMEOUT);
    let config = SchedulerConfig {
        bind_host: options.bind.ip().to_string(),
        bind_port: options.bind.port(),
        external_host: options.host.clone(),
        scheduling_policy: SCHEDULING,
        // Tasks are distributed in turn: the tasks of a stage are similar and should not crowd on one
        // machine.
        task_distribution: TaskDistributionPolicy::RoundRobin,
        executor_timeout_seconds: timeout,
        expire_dead_executor_interval_seconds: (timeout / 4).max(1),
        no_executors_grace_period_seconds: timeout.max(30),
        task_max_failures: options.attempts,
        // A stage that cannot fetch its inputs ends its job, which the client then retries: see
        // `executor_loss.rs`.
        stage_max_failures: 1,
        grpc_server_max_decoding_message_size: MAX_MESSAGE_BYTES as u32,
        grpc_server_max_encoding_message_size: MAX_MESSAGE_BYTES as u32,
        grpc_client_max_message_size: MAX_MESSAGE_BYTES as u32,
        override_config_producer: Some(Arc::new(default_settings)),
        override_session_builder: Some(Arc::new(state)),
        override_logical_codec: Some(Arc::new(LogicalCodec::default())),
        override_physical_codec: Some(Arc::new(PhysicalCodec::default())),
        ..SchedulerConfig::default()
    };
    let in_memory = BallistaCluster::new_from_config(&config).await.map_err(failed)?;
    let cluster_state = CancellingState::new(in_memory.job_state(), own_url(options.bind));
    let cluster = BallistaCluster::new(Arc::new(cluster_state), in_memory.job_state());
    start_server(cluster, options.bind, Arc::new(config)).await.map_err(failed)
}
