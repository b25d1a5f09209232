//! Lists the folders of tables.

use std::collections::HashMap;

use crate::error::LakeError;
use crate::storage::{Kind, Storage};
use crate::table::layout::Table;

/// The content of a table's folder: the size of each file by its path there; `None` if it is not a file.
pub(super) type FolderListing = HashMap<String, Option<u64>>;

/// Lists a table's folder, except for its log.
pub(super) fn listed(storage: &dyn Storage, table: Table) -> Result<FolderListing, LakeError> {
    let log = format!("{}/", table.log().name());
    let found = storage.walk(&table.folder())?.into_iter().filter(|found| !found.name.starts_with(&log));
    Ok(found.map(|found| (found.name, (found.kind == Kind::File).then_some(found.size))).collect())
}
