//! The subcommands, one a file.

pub(crate) mod generate;
pub(crate) mod ingest;
pub(crate) mod query;
pub(crate) mod verify;
