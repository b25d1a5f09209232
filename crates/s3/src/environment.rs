//! Settings for S3: options of the process and of its environment.

use std::sync::OnceLock;
use std::time::Duration;

/// The maximum number of requests in flight in the whole process.
pub const MAX_REQUESTS: usize = 64;

/// Options of the process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The maximum number of requests in flight, 1 to [`MAX_REQUESTS`].
    pub requests: usize,
    /// Do not sign requests: for public buckets. The variable `AWS_SKIP_SIGNATURE` also sets this.
    pub anonymous: bool,
    /// The requester pays, for Requester Pays buckets. The variable `AWS_REQUEST_PAYER` also sets this.
    pub requester_pays: bool,
    /// The maximum number of retries after a transient failure.
    pub retries: u32,
    /// How long to wait for a response before retrying.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            requests: MAX_REQUESTS,
            anonymous: false,
            requester_pays: false,
            retries: 10,
            timeout: Duration::from_secs(30),
        }
    }
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Sets the options of the process. Call it once, before anything else in this crate; later calls do nothing.
pub fn configure(settings: Settings) {
    let requests = settings.requests.clamp(1, MAX_REQUESTS);
    let _ = SETTINGS.set(Settings { requests, ..settings }); // the first one counts
}

/// The options of the process.
pub(crate) fn settings() -> &'static Settings {
    SETTINGS.get_or_init(Settings::default)
}
