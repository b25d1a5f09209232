//! Tests of complete datasets that look inside the crate: what rounds, logs and locks leave behind.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod compact;
mod crash;
mod encode;
mod evolve;
mod foreign;
mod partitions;
pub(crate) mod support;
mod whole;
