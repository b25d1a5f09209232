//! Looks up what a dataset's ledger contains: contents and objects that were read.

use std::collections::HashSet;
use std::path::Path;

use crate::error::LakeError;
use crate::storage::Content;
use crate::table::dataset::Dataset;
use crate::table::layout::Table;
use crate::table::ledger;

impl Dataset {
    /// SHA-256 of every source file whose content is in the dataset.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn known_sources(&self) -> Result<HashSet<[u8; 32]>, LakeError> {
        let mut known = HashSet::new();
        self.each_known_source(|sha256, _| {
            known.insert(sha256);
        })?;
        Ok(known)
    }

    /// Passes on the SHA-256 of every source file whose content is in the dataset, with its stored size.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn each_known_source(&self, mut give: impl FnMut([u8; 32], u64)) -> Result<(), LakeError> {
        self.each_ledger_file(|content, path| match content {
            Content::Disk(file) => ledger::each_known(file, path, &mut give),
            Content::Memory(bytes) => ledger::each_known(bytes, path, &mut give),
        })
    }

    fn each_ledger_file(
        &self,
        mut each: impl FnMut(Content, &Path) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let files = self.files(Table::Sources)?;
        let sized = files.iter().map(|file| Ok((Table::Sources.data_file(&file.name)?, file.size)));
        let opener = self.storage().opener(&sized.collect::<Result<Vec<_>, LakeError>>()?)?;
        files.iter().enumerate().try_for_each(|(index, file)| each(opener.open(index)?, &file.path))
    }

    /// Identities of the objects that were read, which are skipped without being read again.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn known_objects(&self) -> Result<HashSet<[u8; 32]>, LakeError> {
        let mut known = HashSet::new();
        self.each_ledger_file(|content, path| match content {
            Content::Disk(file) => ledger::read_objects(file, path, &mut known),
            Content::Memory(bytes) => ledger::read_objects(bytes, path, &mut known),
        })?;
        Ok(known)
    }
}
