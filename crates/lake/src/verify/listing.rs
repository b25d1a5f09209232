//! What is in the folders of tables.

use std::collections::HashMap;

use crate::error::LakeError;
use crate::storage::{Kind, Storage};
use crate::table::layout::Table;

/// What is in the folder of a table, by its path there: its bytes, if it is a file.
pub(super) type Listed = HashMap<String, Option<u64>>;

/// What is in the folder of a table, but for its log.
pub(super) fn listed(storage: &dyn Storage, table: Table) -> Result<Listed, LakeError> {
    let log = format!("{}/", table.log().name());
    let found = storage.walk(&table.folder())?.into_iter().filter(|found| !found.name.starts_with(&log));
    Ok(found.map(|found| (found.name, (found.kind == Kind::File).then_some(found.size))).collect())
}
