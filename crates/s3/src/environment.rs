//! How S3 is spoken to: options of the process, and what stands in its environment.

use std::sync::OnceLock;
use std::time::Duration;

/// Requests in flight at any time in the whole process, at most.
pub const MOST_REQUESTS: usize = 64;

/// Options of the process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Requests in flight at a time, 1 to [`MOST_REQUESTS`].
    pub requests: usize,
    /// Requests are not signed: for public buckets. The environment may say so too: `AWS_SKIP_SIGNATURE`.
    pub anonymous: bool,
    /// Who reads pays, for buckets that ask for it. The environment may say so too: `AWS_REQUEST_PAYER`.
    pub requester_pays: bool,
    /// How often a request is made again after a failure that may pass.
    pub retries: u32,
    /// How long a server may be silent before a request is made again.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            requests: MOST_REQUESTS,
            anonymous: false,
            requester_pays: false,
            retries: 10,
            timeout: Duration::from_secs(30),
        }
    }
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Sets the options of the process. To be called once, before anything else of this crate; later calls do nothing.
pub fn configure(settings: Settings) {
    let requests = settings.requests.clamp(1, MOST_REQUESTS);
    let _ = SETTINGS.set(Settings { requests, ..settings }); // the first one counts
}

/// The options of the process.
pub(crate) fn settings() -> &'static Settings {
    SETTINGS.get_or_init(Settings::default)
}
