//! Queries and ingests on several machines, with Ballista.
//!
//! `saltmine scheduler` and `saltmine executor` are Ballista's own ([`run_scheduler`], [`run_executor`]),
//! extended by our functions and by the codecs for our tables. A session uses a cluster if it has a
//! [`Cluster`] as its [`Remote`](saltmine_query::remote::Remote): its plans are sent to the scheduler, which
//! splits them into stages. All machines must see the logs and the dataset under the same paths, or in S3
//! with their own credentials.
//!
//! What is sent:
//! - a table of a dataset, as the list of its Parquet files, so that all tasks see one snapshot;
//! - raw logs and the shards of an ingest, as lines of JSON in memory, one per file or shard, with a
//!   [`TaskExec`] above them that reads a file or runs the pipeline over a shard. Ballista splits the lines
//!   into tasks like any table in memory;
//! - functions, by name.
//!
//! Without the feature `ballista` the crate is empty.

#![cfg(feature = "ballista")]

mod address;
mod client;
mod codec;
mod error;
mod executor;
mod executor_loss;
mod ingest;
mod lines;
mod log;
mod retry;
mod scheduler;
mod shard;
mod state;
mod stores;
mod table;
mod task;

pub use self::{
    address::{Address, AddressError},
    client::Cluster,
    error::ClusterError,
    executor::{ExecutorOptions, run_executor},
    ingest::ingest_on,
    log::log_to,
    scheduler::{SchedulerOptions, run_scheduler},
    task::TaskExec,
};
