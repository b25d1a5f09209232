//! Tests of a dataset as a whole.
#![allow(clippy::unwrap_used)]

mod crash;
mod support;
mod whole;
