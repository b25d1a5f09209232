//! Writing to a dataset: the lock, rounds that take place as a whole or not at all, and the logs of the tables.

mod bucket_round;
mod create;
pub(crate) mod delta_log;
pub(crate) mod discard;
mod folder_round;
pub(crate) mod intent;
mod log_store;
mod pending;
pub(crate) mod rounds;
pub(crate) mod writer;

pub(crate) use folder_round::SHARDS;
