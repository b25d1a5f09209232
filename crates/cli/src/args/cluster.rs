//! Whether a cluster does the work. A build without the feature `cluster` has no such options and commands.

#[cfg(feature = "cluster")]
pub(crate) use self::with_cluster::{ClusterArgs, ExecutorArgs, SchedulerArgs};
#[cfg(not(feature = "cluster"))]
pub(crate) use self::without_cluster::ClusterArgs;

#[cfg(not(feature = "cluster"))]
mod without_cluster {
    use std::sync::Arc;

    use saltmine_query::remote::Remote;

    /// No options.
    #[derive(Debug, clap::Args)]
    pub(crate) struct ClusterArgs {}

    impl ClusterArgs {
        /// This process.
        pub(crate) fn remote(&self, _partitions: usize) -> Option<Arc<dyn Remote>> {
            None
        }

        /// The options as words of a command.
        pub(crate) fn words(&self) -> Option<String> {
            None
        }
    }
}

#[cfg(feature = "cluster")]
mod with_cluster {
    use std::net::SocketAddr;
    use std::path::PathBuf;
    use std::sync::Arc;

    use clap::Args;
    use saltmine_cluster::{Address, Cluster};
    use saltmine_query::remote::Remote;

    use crate::args::engine::parse_size;

    /// Options of what a cluster can do.
    #[derive(Debug, Args)]
    pub(crate) struct ClusterArgs {
        /// Have it done by the cluster of a scheduler, which must see all files under the same paths. --jobs is then
        /// into how many parts tables are cut (16 unless given), and for an ingest the threads of a shard (1)
        #[arg(long, value_name = "df://HOST:PORT", help_heading = "Cluster")]
        pub(crate) cluster: Option<Address>,
    }

    impl ClusterArgs {
        /// What is asked; `None` for this process.
        pub(crate) fn remote(&self, partitions: usize) -> Option<Arc<dyn Remote>> {
            let partitions = (partitions > 0).then_some(partitions);
            let cluster = Cluster::new(self.cluster.clone()?, partitions);
            Some(Arc::new(cluster))
        }

        /// The options as words of a command.
        pub(crate) fn words(&self) -> Option<String> {
            self.cluster.as_ref().map(|address| format!("--cluster {address}"))
        }
    }

    /// `saltmine scheduler`
    #[derive(Debug, Args)]
    #[command(after_help = "\
There is no password: whoever reaches the port can have every file read that the executors can read. Keep it
in a network of its own.

Example:
  saltmine scheduler --bind 0.0.0.0:50050")]
    pub(crate) struct SchedulerArgs {
        /// Where to listen
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50050")]
        pub(crate) bind: SocketAddr,

        /// The name by which executors reach this machine
        #[arg(long, value_name = "HOST", default_value = "localhost")]
        pub(crate) host: String,

        /// Seconds without a sign of life after which an executor's tasks are given to others; 8 at least
        #[arg(long, value_name = "SECONDS", default_value_t = 30)]
        pub(crate) executor_timeout: u64,

        /// How often a task is tried
        #[arg(long, value_name = "N", default_value_t = 4)]
        pub(crate) attempts: usize,
    }

    /// `saltmine executor`
    #[derive(Debug, Args)]
    #[command(after_help = "\
An executor asks its scheduler for work; clients and other executors fetch results from its port. Several on
one machine need ports of their own.

Examples:
  saltmine executor --scheduler df://scheduler:50050 --bind 0.0.0.0 --host \"$(hostname -i)\"
  saltmine executor --scheduler df://localhost:50050 --port 50061")]
    pub(crate) struct ExecutorArgs {
        /// The scheduler
        #[arg(long, value_name = "df://HOST:PORT", default_value = "df://localhost:50050")]
        pub(crate) scheduler: Address,

        /// The address on which to listen
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
        pub(crate) bind: String,

        /// The name by which clients and other executors reach this one; unless given, the address that the
        /// scheduler sees
        #[arg(long, value_name = "HOST")]
        pub(crate) host: Option<String>,

        /// Port for results
        #[arg(long, value_name = "PORT", default_value_t = 50051)]
        pub(crate) port: u16,

        /// Tasks at a time, each of one thread; 0 for one a core
        #[arg(long, short, value_name = "N", default_value_t = 0)]
        pub(crate) jobs: usize,

        /// Most memory for intermediate results of all tasks, such as 4g; more goes to disk. 70 % of what there is,
        /// unless given
        #[arg(long, value_name = "SIZE", value_parser = parse_size)]
        pub(crate) memory_limit: Option<usize>,

        /// Folder for intermediate results; one for temporary files unless given
        #[arg(long, value_name = "FOLDER")]
        pub(crate) work_dir: Option<PathBuf>,

        /// Seconds to wait for the scheduler to be there
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        pub(crate) patience: u16,
    }
}
