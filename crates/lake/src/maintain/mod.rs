//! Compaction, and the removal of duplicate rows.

pub(crate) mod compact;
mod dedup;
mod merge;
mod partition_files;
