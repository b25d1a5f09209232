//! Events of a running ingest.

use std::path::Path;

use crate::ingest::report::SourceOutcome;

/// Something that happened. Counts are relative to the last event of the same kind.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another run holds the dataset, and this one waits for it.
    Waiting {
        /// The dataset.
        dataset: &'a Path,
    },
    /// An earlier run was interrupted; its prepared rounds were committed, and its other rounds were removed.
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
    /// Lines were read.
    Lines {
        /// Lines.
        lines: u64,
    },
    /// A source is finished, or was skipped.
    Source(&'a SourceOutcome),
    /// A round is being committed.
    Committing {
        /// Rows of the round.
        rows: u64,
    },
}

/// Receives the events of an ingest. Called from several threads.
pub trait Progress: Sync {
    /// Handles an event. Must return at once.
    fn event(&self, event: Event<'_>);
}

/// Ignores all events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: Event<'_>) {}
}
