//! Questions that take more than one statement: each asks a session, and puts the answers together.

pub(crate) mod coverage;
pub mod hunt;
pub mod latency;
pub mod report;
pub mod timeline;
