//! `saltmine executor`: Ballista's executor, with our plans and functions.

use std::path::PathBuf;
use std::sync::Arc;

use ballista_core::registry::BallistaFunctionRegistry;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use saltmine_query::default_memory_limit;

use crate::address::Address;
use crate::codec::{LogicalCodec, PhysicalCodec};
use crate::error::ClusterError;
use crate::state::{MAX_MESSAGE_BYTES, SCHEDULING, default_settings, state};
use crate::stores;

/// Options of an executor.
#[derive(Clone, Debug)]
pub struct ExecutorOptions {
    /// The address of its scheduler.
    pub scheduler: Address,
    /// The address to listen on.
    pub bind: String,
    /// The name by which others reach it; `None` for the address that the scheduler sees.
    pub host: Option<String>,
    /// The port for results.
    pub port: u16,
    /// The number of concurrent tasks, each with one thread; 0 for one per core.
    pub cores: usize,
    /// Memory limit for intermediate results, in bytes; `None` for 70 % of the available memory.
    pub memory: Option<u64>,
    /// Folder for intermediate results; `None` for a temporary one that is removed at the end.
    pub work_dir: Option<PathBuf>,
    /// How long to wait for the scheduler, in seconds.
    pub patience: u16,
}

/// Runs an executor until it is stopped or fails.
///
/// # Errors
/// If it cannot listen, or there is no scheduler.
pub async fn run_executor(options: &ExecutorOptions) -> Result<(), ClusterError> {
    let own_folder = match options.work_dir {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("saltmine-executor-").tempdir().map_err(folder_failed)?),
    };
    let work_dir = options.work_dir.as_deref().or(own_folder.as_ref().map(|folder| folder.path()));
    let work_dir = work_dir.map(|folder| folder.to_string_lossy().into_owned());
    let spill = work_dir.clone();
    let registry = BallistaFunctionRegistry::from(&state(default_settings())?);
    let config = ExecutorProcessConfig {
        bind_host: options.bind.clone(),
        external_host: options.host.clone(),
        port: options.port,
        scheduler_host: options.scheduler.host().to_owned(),
        scheduler_port: options.scheduler.port(),
        scheduler_connect_timeout_seconds: options.patience,
        vcores: options.cores,
        task_scheduling_policy: SCHEDULING,
        work_dir,
        // Results are kept for a day for clients that are slow to fetch them.
        job_data_ttl_seconds: 86_400,
        job_data_clean_up_interval_seconds: 600,
        grpc_max_decoding_message_size: MAX_MESSAGE_BYTES as u32,
        grpc_max_encoding_message_size: MAX_MESSAGE_BYTES as u32,
        // Without a size, Ballista would set no limit.
        memory_pool_size: Some(options.memory.unwrap_or_else(|| default_memory_limit() as u64)),
        override_function_registry: Some(Arc::new(registry)),
        override_runtime_producer: Some(Arc::new(move |_| stores::runtime(spill.as_deref()))),
        override_config_producer: Some(Arc::new(default_settings)),
        override_logical_codec: Some(Arc::new(LogicalCodec::default())),
        override_physical_codec: Some(Arc::new(PhysicalCodec::default())),
        ..ExecutorProcessConfig::default()
    };
    let run = start_executor_process(Arc::new(config)).await;
    run.map_err(|source| ClusterError::Process { what: "executor", source: Box::new(source) })
}

fn folder_failed(source: std::io::Error) -> ClusterError {
    ClusterError::Io { what: "cannot make a folder for intermediate results".into(), source }
}
