//! Reading the tables of a dataset: names, schemas, the ledger, and the logs of the tables.

pub(crate) mod dataset;
pub(crate) mod delta_log;
pub(crate) mod duplicates;
pub(crate) mod layout;
pub(crate) mod ledger;
mod ledger_index;
pub(crate) mod statistics;
pub(crate) mod table_file;
