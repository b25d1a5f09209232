//! The results of an ingest.

use std::time::Duration;

use saltmine_scan::{Counts, ReadProblem, Reject, SourceState};

use crate::counted::counted;
use crate::error::LakeError;

/// The outcome for a source in an ingest.
#[derive(Clone, Debug)]
pub struct SourceOutcome {
    /// Its name, as in the column `log_file`.
    pub name: String,
    /// Bytes as stored.
    pub size: u64,
    /// Bytes of text in it.
    pub inflated: u64,
    /// Its lines.
    pub counts: Counts,
    /// How reading ended; `None` if it was skipped because its content is already in the dataset.
    pub state: Option<SourceState>,
    /// The problem.
    pub problem: Option<ReadProblem>,
}

/// A reject and the name of its file.
#[derive(Clone, Debug)]
pub struct NamedReject {
    /// The file name, as in the column `log_file`.
    pub log_file: String,
    /// The line.
    pub reject: Reject,
}

/// The results of an ingest. `counts.lines = counts.rows + counts.rejects + counts.blanks`.
#[derive(Clone, Debug, Default)]
pub struct IngestReport {
    /// Id of the run, as in the table `sources`; empty if there was nothing to commit.
    pub run_id: String,
    /// Sources examined.
    pub files: u64,
    /// How many of them were read.
    pub read: u64,
    /// How many of them were skipped, because their content is already in the dataset or occurred twice.
    pub skipped: u64,
    /// Bytes of the sources read, as stored.
    pub bytes: u64,
    /// Bytes of text in them.
    pub inflated: u64,
    /// Their lines.
    pub counts: Counts,
    /// Parquet files written to `logs`.
    pub parquet_files: u64,
    /// Their bytes.
    pub parquet_bytes: u64,
    /// Commits that added rows or ledger entries.
    pub rounds: u32,
    /// Damaged or unreadable sources; the first [`IngestReport::MAX_KEPT`].
    pub problems: Vec<SourceOutcome>,
    /// The number of damaged or unreadable sources.
    pub problem_count: u64,
    /// Rejected lines; the first [`IngestReport::MAX_KEPT`].
    pub rejects: Vec<NamedReject>,
    /// Wall time.
    pub elapsed: Duration,
    pub(crate) committed: CommittedCounts,
}

/// The part of the report that is committed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CommittedCounts {
    files: u64,
    rows: u64,
}

impl IngestReport {
    /// How many problems and rejects are kept for display; all are counted, and all are in the dataset.
    pub const MAX_KEPT: usize = 20;

    /// Adds to the error of an interrupted run what it had committed.
    pub(crate) fn with_committed(&self, error: LakeError) -> LakeError {
        let CommittedCounts { files, rows } = self.committed;
        match error {
            LakeError::Stopped { .. } if self.rounds > 0 => LakeError::Stopped {
                committed: format!(
                    "{files} of {} are saved, with {}; run the same command to continue",
                    counted(self.files, "file"),
                    counted(rows, "row")
                ),
            },
            error => error,
        }
    }

    /// Records that everything read so far is committed.
    pub(crate) fn note_commit(&mut self) {
        self.rounds += 1;
        self.committed = CommittedCounts { files: self.read, rows: self.counts.rows };
    }

    /// Adds a source that was read.
    pub(crate) fn add_source(&mut self, outcome: SourceOutcome) {
        self.read += 1;
        self.bytes += outcome.size;
        self.inflated += outcome.inflated;
        self.counts.add(&outcome.counts);
        if outcome.problem.is_some() {
            self.problem_count += 1;
            if self.problems.len() < Self::MAX_KEPT {
                self.problems.push(outcome);
            }
        }
    }

    /// Adds the sources of a round from its own report.
    pub(crate) fn add_sources(&mut self, round: &IngestReport) {
        self.read += round.read;
        self.bytes += round.bytes;
        self.inflated += round.inflated;
        self.counts.add(&round.counts);
        self.problem_count += round.problem_count;
        let room = Self::MAX_KEPT.saturating_sub(self.problems.len());
        self.problems.extend(round.problems.iter().take(room).cloned());
    }

    /// Adds rejects while there is room.
    pub(crate) fn add_rejects(&mut self, rejects: impl Iterator<Item = NamedReject>) {
        let room = Self::MAX_KEPT.saturating_sub(self.rejects.len());
        self.rejects.extend(rejects.take(room));
    }

    /// Whether all input was read without damage or rejects.
    pub fn is_clean(&self) -> bool {
        self.problem_count == 0 && self.counts.rejects == 0
    }
}
