//! Writing to a dataset: the lock, atomic rounds, and the logs of the tables.

mod bucket_round;
mod carry_out;
mod create;
pub(crate) mod delta_log;
pub(crate) mod discard;
mod folder_round;
pub(crate) mod intent;
mod log_store;
mod pending;
mod round_name;
pub(crate) mod rounds;
mod rounds_for;
pub(crate) mod writer;

pub(crate) use folder_round::SHARDS;
