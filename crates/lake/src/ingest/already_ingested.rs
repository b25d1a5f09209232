//! What a dataset already contains, according to its ledger: contents, and objects that can be recognised
//! without reading them.

use std::collections::HashSet;
use std::path::Path;

use saltmine_s3::Object;
use saltmine_scan::Source;

use crate::error::LakeError;
use crate::ingest::progress::Progress;
use crate::ingest::round_sources::skipped;
use crate::table::dataset::Dataset;
use crate::table::ledger::object_id;

/// Identities of the objects in a dataset.
#[derive(Default)]
pub(crate) struct KnownObjects(HashSet<[u8; 32]>);

impl KnownObjects {
    /// Reads them from the dataset; empty if no source is an object.
    pub(crate) fn read(dataset: &Dataset, sources: &[Source]) -> Result<Self, LakeError> {
        let any = sources.iter().any(|source| source.object.is_some());
        if any { dataset.known_objects().map(Self) } else { Ok(Self::default()) }
    }

    /// Whether this is an object that was read before and has not changed since.
    fn is_unchanged(&self, source: &Source) -> bool {
        let Some(object) = &source.object else { return false };
        let Some(etag) = &object.etag else { return false };
        self.0.contains(&object_id(&object.url(), etag, object.size))
    }

    /// Whether to skip the source because it was read before; if so, reports it.
    pub(crate) fn skip_known(&self, source: &Source, progress: &dyn Progress) -> bool {
        let has_read = self.is_unchanged(source);
        if has_read {
            skipped(progress, source, source.object.as_ref().map_or(0, |object| object.size));
        }
        has_read
    }
}

/// The objects among `sources` that an ingest to `dataset` would read: all of them, if there is no dataset
/// yet.
///
/// # Errors
/// If the dataset cannot be read.
pub fn new_objects<'a>(sources: &'a [Source], dataset: &Path) -> Result<Vec<&'a Object>, LakeError> {
    let known = match Dataset::is_dataset(dataset) {
        true => KnownObjects::read(&Dataset::open(dataset)?, sources)?,
        false => KnownObjects::default(),
    };
    let new = sources.iter().filter(|source| !known.is_unchanged(source));
    Ok(new.filter_map(|source| source.object.as_deref()).collect())
}
