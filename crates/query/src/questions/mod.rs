//! Analyses that take more than one statement: each queries a session and combines the answers.

pub(crate) mod coverage;
pub mod hunt;
pub mod latency;
pub mod report;
pub mod timeline;
