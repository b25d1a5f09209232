//! Options for reading from and writing to S3.

use std::time::Duration;

use clap::Args;
use saltmine_s3::{MAX_REQUESTS, Settings};

/// S3 options, on the commands that can read or write S3.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "S3 options")]
pub(crate) struct S3Args {
    /// Read public buckets without credentials (like AWS_SKIP_SIGNATURE=true)
    #[arg(long)]
    pub(crate) s3_anonymous: bool,

    /// Access Requester Pays buckets; you are billed (like AWS_REQUEST_PAYER=true)
    #[arg(long)]
    pub(crate) s3_requester_pays: bool,

    /// Maximum concurrent requests
    #[arg(long, value_name = "N", default_value_t = MAX_REQUESTS as u8,
        value_parser = clap::value_parser!(u8).range(1..=MAX_REQUESTS as i64))]
    pub(crate) s3_requests: u8,

    /// Maximum retries per request, with exponential backoff
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) s3_retries: u32,

    /// Seconds without a response before a request is retried
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) s3_timeout: u64,

    // Tests that kill runs should not have to wait 30 seconds for a dead run's lock.
    /// Seconds after which the lock of a dead run may be taken over
    #[arg(long, value_name = "SECONDS", default_value_t = 30, hide = true,
        value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) s3_lock_seconds: u64,
}

impl S3Args {
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            requests: self.s3_requests.into(),
            anonymous: self.s3_anonymous,
            requester_pays: self.s3_requester_pays,
            retries: self.s3_retries,
            timeout: Duration::from_secs(self.s3_timeout),
        }
    }
}
