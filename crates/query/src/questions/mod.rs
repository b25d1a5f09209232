//! Analyses that take more than one statement: each queries a session and combines the answers.

pub(crate) mod coverage;
mod finding_row;
pub mod hunt;
pub mod incidents;
pub mod latency;
pub mod report;
mod request_scope;
pub mod timeline;
