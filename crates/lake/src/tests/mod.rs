//! Tests of a dataset as a whole.
#![allow(clippy::unwrap_used)]

mod crash;
pub(crate) mod support;
mod whole;
