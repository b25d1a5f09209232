//! The raw inputs of a session.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::datatypes::SchemaRef;
use saltmine_lake::{SourceEntry, sources_schema};
use saltmine_scan::{BlockPool, Source, SourceReport, rejects_schema, sizes, table_schema};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::copies::Copies;
use super::report::{ScanReport, SharedReport};

/// The raw inputs of a session.
#[derive(Debug)]
pub(crate) struct RawInput {
    pub(super) sources: Vec<Source>,
    /// Sizes as stored, in bytes; 0 if unknown.
    pub(super) sizes: Vec<u64>,
    pub(super) copies: Copies,
    /// Names of the originals of copies, if another process found them.
    originals: Vec<Option<String>>,
    /// The spooled standard input, kept until the session ends.
    _spooled: Option<NamedTempFile>,
    pub(super) pool: Arc<BlockPool>,
    noted: Mutex<SharedReport>,
}

impl RawInput {
    /// Sources of a session. `remote`: whether other processes read them.
    pub(crate) fn new(sources: Vec<Source>, spooled: Option<NamedTempFile>, remote: bool) -> Arc<Self> {
        let sizes = sizes(&sources);
        let copies = Copies::find(&sources, &sizes, remote);
        Arc::new(Self::with_copies(sources, sizes, copies, spooled))
    }

    /// Sources sent by another process, with the names of the originals of copies.
    pub(crate) fn from_remote(sources: Vec<Source>, originals: Vec<Option<String>>) -> Arc<Self> {
        let sizes = sizes(&sources);
        Arc::new(Self { originals, ..Self::with_copies(sources, sizes, Copies::default(), None) })
    }

    fn with_copies(
        sources: Vec<Source>,
        sizes: Vec<u64>,
        copies: Copies,
        spooled: Option<NamedTempFile>,
    ) -> Self {
        let (pool, noted) = (BlockPool::new(), Mutex::default());
        Self { sources, sizes, copies, originals: Vec::new(), _spooled: spooled, pool, noted }
    }

    pub(crate) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The name of the source that is read in place of a copy; `None` if it is not known to be a copy.
    pub(crate) fn original(&self, index: usize) -> Option<&str> {
        if let Some(Some(name)) = self.originals.get(index) {
            return Some(name);
        }
        Some(self.name(self.copies.original(index)?))
    }

    pub(super) fn name(&self, index: usize) -> &str {
        self.sources.get(index).map_or("", |source| &source.name)
    }

    pub(crate) fn report(&self) -> ScanReport {
        let mut report = self.noted.lock().unwrap_or_else(PoisonError::into_inner).report();
        let name = |index: usize| self.name(index).to_owned();
        let pairs = self.copies.pairs().into_iter();
        report.copies = pairs.map(|(copy, original)| (name(copy), name(original))).collect();
        report
    }

    pub(super) fn note(&self, index: usize, report: &SourceReport) {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).note(index, report);
    }

    pub(super) fn url(&self, index: usize) -> Option<String> {
        self.sources.get(index)?.object.as_ref().map(|object| object.url())
    }

    /// The row in `sources` for a copy. As in a ledger, it has no lines of its own.
    pub(super) fn same(&self, index: usize, original: &str) -> SourceEntry {
        SourceEntry {
            log_file: self.name(index).to_owned(),
            size: self.sizes.get(index).copied().unwrap_or(0),
            state: "same".to_owned(),
            problem: Some(format!("same content as {original}")),
            url: self.url(index),
            ..SourceEntry::default()
        }
    }
}

/// Which table is built from the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RawTableKind {
    Logs,
    Rejects,
    Sources,
}

impl RawTableKind {
    pub(crate) fn schema(self) -> SchemaRef {
        match self {
            Self::Logs => table_schema(),
            Self::Rejects => rejects_schema(),
            Self::Sources => sources_schema(),
        }
    }
}
