//! Requests that are made again, later and later.

use std::time::Duration;

use http::StatusCode;
use object_store::client::{HttpError, HttpErrorKind};

/// The first wait, and the longest.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// How long to wait before a request is made again for the `attempt`th time, from 0. By chance, so that requests that
/// failed together do not come back together.
pub(crate) fn pause(attempt: u32) -> Duration {
    let most = FIRST.saturating_mul(1 << attempt.min(16)).min(LONGEST);
    most.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Whether a server that answers so may do better the next time.
pub(crate) fn may_pass(status: StatusCode) -> bool {
    (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
}

/// Whether a request without an answer may get one the next time. All requests of this crate may be made twice.
pub(crate) fn may_pass_without_answer(error: &HttpError) -> bool {
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
    fn only_what_may_pass_is_tried_again() {
        for status in [500, 502, 503, 504, 429, 408] {
            assert!(StatusCode::from_u16(status).is_ok_and(may_pass), "{status}");
        }
        for status in [301, 400, 403, 404, 409, 412, 501] {
            assert!(!StatusCode::from_u16(status).is_ok_and(may_pass), "{status}");
        }
    }
}
