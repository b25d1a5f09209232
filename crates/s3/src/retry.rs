//! Retries requests with increasing delays.

use std::time::Duration;

use http::StatusCode;
use object_store::client::{HttpError, HttpErrorKind};

/// The initial and the maximum delay.
const INITIAL_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(10);

/// The delay before the `attempt`th retry, counted from 0. It is random, so that requests that failed
/// together are not repeated together.
pub(crate) fn pause(attempt: u32) -> Duration {
    let most = INITIAL_DELAY.saturating_mul(1 << attempt.min(16)).min(MAX_DELAY);
    most.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Whether the server may succeed on a retry after this status.
pub(crate) fn is_retryable_status(status: StatusCode) -> bool {
    (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
}

/// Whether a request without a response may get one on a retry. All requests of this crate may be repeated.
pub(crate) fn is_retryable_error(error: &HttpError) -> bool {
    !matches!(error.kind(), HttpErrorKind::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit() {
        for (attempt, most) in [(0, 100), (1, 200), (4, 1600), (7, 10_000), (4_000_000_000, 10_000)] {
            for _ in 0..100 {
                let pause = pause(attempt).as_millis();
                assert!((most / 2..=most).contains(&pause), "{attempt}: {pause}");
            }
        }
    }

    #[test]
    fn only_transient_failures_are_retried() {
        for status in [500, 502, 503, 504, 429, 408] {
            assert!(StatusCode::from_u16(status).is_ok_and(is_retryable_status), "{status}");
        }
        for status in [301, 400, 403, 404, 409, 412, 501] {
            assert!(!StatusCode::from_u16(status).is_ok_and(is_retryable_status), "{status}");
        }
    }
}
