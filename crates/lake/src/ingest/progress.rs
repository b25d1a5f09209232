//! Events of a running ingest.

use std::path::Path;

use crate::ingest::report::SourceOutcome;

/// Something that happened. Counts are since the last event of the same kind.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another run holds the dataset; this one waits for it.
    Waiting {
        /// The dataset.
        dataset: &'a Path,
    },
    /// An earlier run was interrupted; what it had prepared was committed, or what it had not was removed.
    Recovered {
        /// Rounds that were completed.
        completed: usize,
        /// Rounds that were removed.
        discarded: usize,
    },
    /// Reading begins.
    Started {
        /// Source files.
        files: u64,
    },
    /// Some lines were read.
    Lines {
        /// Lines.
        lines: u64,
    },
    /// A source is done, or was skipped.
    Source(&'a SourceOutcome),
    /// A round is being committed.
    Committing {
        /// Rows of the round.
        rows: u64,
    },
}

/// Listens to an ingest. Called from several threads.
pub trait Progress: Sync {
    /// Takes note. Must return at once.
    fn event(&self, event: Event<'_>);
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: Event<'_>) {}
}
