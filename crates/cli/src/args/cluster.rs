//! Cluster options and commands, in builds with the feature `cluster`.

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
        /// Runs in this process.
        pub(crate) fn remote(&self, _partitions: usize) -> Option<Arc<dyn Remote>> {
            None
        }

        /// The options as typed on the command line.
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

    use crate::args::size::parse_size;

    /// Options of commands that can run on a cluster.
    #[derive(Debug, Args)]
    pub(crate) struct ClusterArgs {
        /// Run on the cluster of this scheduler; its executors must see all files under the same paths. --jobs then
        /// sets the number of table partitions (default: 16), or the threads per shard of an ingest (default: 1)
        #[arg(long, value_name = "df://HOST:PORT", help_heading = "Cluster")]
        pub(crate) cluster: Option<Address>,

        /// Minimum bytes of source files per shard of an ingest; lets tests with little data use several shards
        #[arg(long, value_name = "SIZE", value_parser = parse_size, hide = true)]
        pub(crate) shard_bytes: Option<usize>,
    }

    impl ClusterArgs {
        /// The cluster; `None` to run in this process.
        pub(crate) fn remote(&self, partitions: usize) -> Option<Arc<dyn Remote>> {
            let partitions = (partitions > 0).then_some(partitions);
            let cluster = Cluster::new(self.cluster.clone()?, partitions);
            Some(Arc::new(cluster))
        }

        /// The options as typed on the command line.
        pub(crate) fn words(&self) -> Option<String> {
            self.cluster.as_ref().map(|address| format!("--cluster {address}"))
        }
    }

    /// `saltmine scheduler`
    #[derive(Debug, Args)]
    #[command(after_help = "\
There is no password: anyone who can reach the port can read every file that the executors can read. Keep it in a private network.

Example:
  saltmine scheduler --bind 0.0.0.0:50050")]
    pub(crate) struct SchedulerArgs {
        /// Address to listen on
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50050")]
        pub(crate) bind: SocketAddr,

        /// Host name under which executors reach this machine
        #[arg(long, value_name = "HOST", default_value = "localhost")]
        pub(crate) host: String,

        /// Seconds without a heartbeat before an executor's tasks go to others (at least 8)
        #[arg(long, value_name = "SECONDS", default_value_t = 30)]
        pub(crate) executor_timeout: u64,

        /// Maximum attempts per task
        #[arg(long, value_name = "N", default_value_t = 4)]
        pub(crate) attempts: usize,
    }

    /// `saltmine executor`
    #[derive(Debug, Args)]
    #[command(after_help = "\
An executor polls its scheduler for work; clients and other executors fetch results from its port. Several executors on one machine need different ports.

Examples:
  saltmine executor --scheduler df://scheduler:50050 --bind 0.0.0.0 \\
    --host \"$(hostname -i)\"
  saltmine executor --scheduler df://localhost:50050 --port 50061")]
    pub(crate) struct ExecutorArgs {
        /// The scheduler
        #[arg(long, value_name = "df://HOST:PORT", default_value = "df://localhost:50050")]
        pub(crate) scheduler: Address,

        /// Address to listen on
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
        pub(crate) bind: String,

        /// Host name under which clients and other executors reach this one (default: the address that the scheduler sees)
        #[arg(long, value_name = "HOST")]
        pub(crate) host: Option<String>,

        /// Port for results
        #[arg(long, value_name = "PORT", default_value_t = 50051)]
        pub(crate) port: u16,

        /// Concurrent tasks, one thread each (0 = one per core)
        #[arg(long, short, value_name = "N", default_value_t = 0)]
        pub(crate) jobs: usize,

        /// Memory limit of all tasks before spilling to disk, such as 4g (default: 70 % of RAM)
        #[arg(long, value_name = "SIZE", value_parser = parse_size)]
        pub(crate) memory_limit: Option<usize>,

        /// Folder for intermediate results (default: the temporary folder)
        #[arg(long, value_name = "FOLDER")]
        pub(crate) work_dir: Option<PathBuf>,

        /// Seconds to wait for the scheduler to start
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        pub(crate) patience: u16,
    }
}
