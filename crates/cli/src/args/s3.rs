//! How S3 is spoken to, for every subcommand.

use std::time::Duration;

use clap::Args;
use saltmine_s3::{MOST_REQUESTS, Settings};

/// Options of S3.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "S3 options")]
pub(crate) struct S3Args {
    /// Read public buckets without credentials, as AWS_SKIP_SIGNATURE=true does
    #[arg(long, global = true)]
    pub(crate) s3_anonymous: bool,

    /// Read buckets whose readers pay, and pay, as AWS_REQUEST_PAYER=true does
    #[arg(long, global = true)]
    pub(crate) s3_requester_pays: bool,

    /// Requests in flight at a time, at most
    #[arg(long, global = true, value_name = "N", default_value_t = MOST_REQUESTS as u8,
        value_parser = clap::value_parser!(u8).range(1..=MOST_REQUESTS as i64))]
    pub(crate) s3_requests: u8,

    /// How often a request that was throttled or broken is made again, later and later
    #[arg(long, global = true, value_name = "N", default_value_t = 10)]
    pub(crate) s3_retries: u32,

    /// How long the server may be silent before a request is made again
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) s3_timeout: u64,
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
