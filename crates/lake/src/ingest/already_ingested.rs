//! What is in a dataset already, by its ledger: contents, and objects whose content need not be read to be known.

use std::collections::HashSet;
use std::path::Path;

use saltmine_s3::Object;
use saltmine_scan::Source;

use crate::error::LakeError;
use crate::ingest::progress::Progress;
use crate::ingest::round_sources::skipped;
use crate::table::dataset::Dataset;
use crate::table::ledger::object_id;

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

    /// Whether it is skipped, as it was read before; reports it then.
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
