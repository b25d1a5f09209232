//! Compaction and removal of duplicate rows.

pub(crate) mod compact;
mod dedup;
pub(crate) mod limits;
mod merge;
mod partition_files;
mod rows;
