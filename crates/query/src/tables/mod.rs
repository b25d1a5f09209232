//! The tables that SQL sees: from a dataset, raw logs or other files, and the views with AWS's names.

mod dataset_table;
mod files;
mod page_readers;
mod plain_text;
mod pushdown;
mod raw;
pub mod remote;
mod sql_catalogs;
mod stdin;
mod time_bounds;
pub(crate) mod views;

use datafusion::prelude::SessionContext;

pub(crate) use self::dataset_table::{DatasetTable, register_bucket};
pub(crate) use self::files::{RegisteredFiles, register};
pub use self::raw::ScanReport;
pub(crate) use self::raw::{RawInput, RawTable, RawTableKind};
pub(crate) use self::stdin::spool;

/// The names of the tables in the default schema.
pub(crate) fn table_names(context: &SessionContext) -> Vec<String> {
    let state = context.state();
    let options = &state.config_options().catalog;
    let catalog = context.catalog(&options.default_catalog);
    catalog
        .and_then(|catalog| catalog.schema(&options.default_schema))
        .map_or_else(Vec::new, |schema| schema.table_names())
}
