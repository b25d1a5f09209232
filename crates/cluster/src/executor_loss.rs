//! Handles the loss of an executor: running queries are cancelled, so that their clients retry them as a
//! whole.
//!
//! Ballista 55 itself would continue: it rolls back a stage whose inputs are lost and runs it again. But the
//! results that tasks of that stage have already reported stay among the inputs of the next stage, and the
//! second attempt adds its own, so rows are duplicated. In addition, files of the second attempt may replace
//! those of the first, because their numbering starts again.
//!
//! Shards of an ingest are left alone: each is a job with a single task, which is simply repeated elsewhere.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use ballista_core::JobId;
use ballista_core::error::Result;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{CancelJobParams, ExecutorHeartbeat, JobStatus, job_status};
use ballista_core::serde::scheduler::{ExecutorData, ExecutorMetadata};
use ballista_core::utils::create_grpc_client_endpoint;
use ballista_scheduler::cluster::memory::InMemoryClusterState;
use ballista_scheduler::cluster::{BoundTask, ClusterState, ClusterStateEventStream, ExecutorSlot, JobState};
use ballista_scheduler::config::TaskDistributionPolicy;
use ballista_scheduler::state::task_manager::JobInfoCache;

/// The name of all jobs that are shards of an ingest.
pub(crate) const INGEST: &str = "saltmine ingest";

/// Ballista's in-memory cluster state, which also cancels queries when an executor is lost.
pub(crate) struct CancellingState {
    inner: InMemoryClusterState,
    jobs: Arc<dyn JobState>,
    /// The URL of the scheduler itself.
    url: String,
}

impl CancellingState {
    pub(crate) fn new(jobs: Arc<dyn JobState>, url: String) -> Self {
        Self { inner: InMemoryClusterState::default(), jobs, url }
    }

    /// Cancels the queries that the executor may have worked on.
    ///
    /// Called before the scheduler reacts to the loss, so that it finds these jobs already ended.
    async fn cancel_queries(&self, executor: &str) -> Result<()> {
        let last_seen = self.inner.get_executor_heartbeat(executor).map(|heartbeat| heartbeat.timestamp);
        let mut touched = Vec::new();
        for job in self.jobs.get_all_jobs().await? {
            let status = self.jobs.get_job_status(&job).await?;
            if status.is_some_and(|status| is_affected(&status, last_seen)) {
                touched.push(job);
            }
        }
        if touched.is_empty() {
            return Ok(());
        }
        let endpoint = create_grpc_client_endpoint(self.url.clone(), None)?;
        let mut scheduler = SchedulerGrpcClient::new(endpoint.connect().await?);
        for job in touched {
            log::warn!("cancelling job {job} so that its client retries it: executor {executor} is lost");
            let params = CancelJobParams { job_id: job.into_inner() };
            if let Err(error) = scheduler.cancel_job(params).await {
                log::error!("cannot cancel a job: {error}");
            }
        }
        Ok(())
    }
}

/// Whether the job is a running query that began before an executor was last seen, in seconds since 1970.
fn is_affected(status: &JobStatus, last_seen: Option<u64>) -> bool {
    let Some(job_status::Status::Running(running)) = &status.status else { return false };
    let is_later = last_seen.is_some_and(|seen| running.started_at > (seen + 2) * 1000);
    status.job_name != INGEST && !is_later
}

#[async_trait]
impl ClusterState for CancellingState {
    async fn bind_schedulable_tasks(
        &self,
        distribution: TaskDistributionPolicy,
        active_jobs: Arc<HashMap<JobId, JobInfoCache>>,
        executors: Option<HashSet<String>>,
    ) -> Result<Vec<BoundTask>> {
        self.inner.bind_schedulable_tasks(distribution, active_jobs, executors).await
    }

    async fn unbind_tasks(&self, slots: Vec<ExecutorSlot>) -> Result<()> {
        self.inner.unbind_tasks(slots).await
    }

    async fn register_executor(&self, metadata: ExecutorMetadata, spec: ExecutorData) -> Result<()> {
        self.inner.register_executor(metadata, spec).await
    }

    async fn save_executor_metadata(&self, metadata: ExecutorMetadata) -> Result<()> {
        self.inner.save_executor_metadata(metadata).await
    }

    async fn get_executor_metadata(&self, executor: &str) -> Result<ExecutorMetadata> {
        self.inner.get_executor_metadata(executor).await
    }

    async fn registered_executor_metadata(&self) -> Vec<ExecutorMetadata> {
        self.inner.registered_executor_metadata().await
    }

    async fn save_executor_heartbeat(&self, heartbeat: ExecutorHeartbeat) -> Result<()> {
        self.inner.save_executor_heartbeat(heartbeat).await
    }

    async fn remove_executor(&self, executor: &str) -> Result<()> {
        if let Err(error) = self.cancel_queries(executor).await {
            log::error!("cannot cancel the jobs of a lost executor: {error}");
        }
        self.inner.remove_executor(executor).await
    }

    fn executor_heartbeats(&self) -> HashMap<String, ExecutorHeartbeat> {
        self.inner.executor_heartbeats()
    }

    fn get_executor_heartbeat(&self, executor: &str) -> Option<ExecutorHeartbeat> {
        self.inner.get_executor_heartbeat(executor)
    }

    async fn cluster_state_events(&self) -> Result<ClusterStateEventStream> {
        self.inner.cluster_state_events().await
    }
}

#[cfg(test)]
mod tests {
    use ballista_core::serde::protobuf::{RunningJob, SuccessfulJob};

    use super::*;

    fn job(name: &str, started_at: u64) -> JobStatus {
        let running = RunningJob { started_at, ..RunningJob::default() };
        let status = Some(job_status::Status::Running(running));
        JobStatus { job_name: name.to_owned(), status, ..JobStatus::default() }
    }

    #[test]
    fn queries_that_a_lost_executor_may_have_worked_on_are_cancelled() {
        assert!(is_affected(&job("", 100_000), Some(200)));
        assert!(is_affected(&job("", 100_000), None), "the time when it was last seen is unknown");
        assert!(!is_affected(&job("", 300_000), Some(200)), "the executor was already gone");
        assert!(!is_affected(&job(INGEST, 100_000), Some(200)));
        let done = Some(job_status::Status::Successful(SuccessfulJob::default()));
        assert!(!is_affected(&JobStatus { status: done, ..job("", 100_000) }, Some(200)));
    }
}
