//! Tests of complete datasets.
#![allow(clippy::unwrap_used)]

mod compact;
mod crash;
mod encode;
mod evolve;
mod foreign;
mod partitions;
pub(crate) mod support;
mod whole;
