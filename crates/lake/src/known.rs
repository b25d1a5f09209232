//! What is in a dataset already, by its ledger: contents, and objects whose content need not be read to be known.

use std::collections::HashSet;
use std::path::Path;

use saltmine_s3::Object;
use saltmine_scan::Source;

use crate::dataset::Dataset;
use crate::error::LakeError;
use crate::intake::skipped;
use crate::layout::Table;
use crate::ledger::{self, object_id};
use crate::place::{Content, Opener};
use crate::progress::Progress;

/// Identities of objects that are in a dataset.
#[derive(Default)]
pub(crate) struct KnownObjects(HashSet<[u8; 32]>);

impl KnownObjects {
    /// Those of the dataset; none if no source is an object.
    pub(crate) fn read(dataset: &Dataset, sources: &[Source]) -> Result<Self, LakeError> {
        let any = sources.iter().any(|source| source.object.is_some());
        if any { dataset.known_objects().map(Self) } else { Ok(Self::default()) }
    }

    /// Whether it is an object that was read before, and has not changed since.
    fn has_read(&self, source: &Source) -> bool {
        let Some(object) = &source.object else { return false };
        let Some(etag) = &object.etag else { return false };
        self.0.contains(&object_id(&object.url(), etag, object.size))
    }

    /// Whether it is passed over, as [`KnownObjects::has_read`] holds of it; then this is told.
    pub(crate) fn passes_over(&self, source: &Source, progress: &dyn Progress) -> bool {
        let has_read = self.has_read(source);
        if has_read {
            skipped(progress, source, source.object.as_ref().map_or(0, |object| object.size));
        }
        has_read
    }
}

/// The objects among `sources` that an ingest to `dataset` would read: all, if there is no dataset yet.
///
/// # Errors
/// If the dataset cannot be read.
pub fn new_objects<'a>(sources: &'a [Source], dataset: &Path) -> Result<Vec<&'a Object>, LakeError> {
    let known = match Dataset::is_dataset(dataset) {
        true => KnownObjects::read(&Dataset::open(dataset)?, sources)?,
        false => KnownObjects::default(),
    };
    let new = sources.iter().filter(|source| !known.has_read(source));
    Ok(new.filter_map(|source| source.object.as_deref()).collect())
}

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

    /// Gives the SHA-256 of every source file whose content is in the dataset, and the file's bytes as stored.
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
        let sizes: Vec<(&Path, u64)> = files.iter().map(|file| (file.path.as_path(), file.size)).collect();
        let opener = Opener::new(&sizes)?;
        files
            .iter()
            .enumerate()
            .try_for_each(|(index, file)| each(opener.open(index, &file.path)?, &file.path))
    }

    /// Identities of the objects that were read, by which they are skipped without being read again.
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
