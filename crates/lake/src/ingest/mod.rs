//! Ingests sources into a dataset, in rounds that are committed one by one.

pub(crate) mod already_ingested;
pub(crate) mod partitions;
mod pipeline;
pub(crate) mod progress;
mod rejects;
pub(crate) mod report;
pub(crate) mod round_sources;
pub(crate) mod shard_coordinator;
pub(crate) mod shard_plan;
pub(crate) mod shard_runner;
pub(crate) mod shard_worker;
pub(crate) mod source_content;

use std::cell::Cell;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use saltmine_scan::{Source, prefetch};

use crate::commit::writer::{DatasetLock, Staging};
use crate::encode::Encoder;
use crate::error::LakeError;
use crate::ingest::already_ingested::KnownObjects;
use crate::ingest::partitions::Partitions;
use crate::ingest::pipeline::Pipeline;
use crate::ingest::progress::{Event, Progress};
use crate::ingest::report::{IngestReport, NamedReject};
use crate::ingest::round_sources::{RoundOutcome, RoundSources, Sources, outside_dataset, reading_order};
use crate::table::dataset::Dataset;
use crate::table::layout::{PartitionBy, Table};

/// The sources and options of an ingest.
#[derive(Clone, Debug)]
pub struct IngestRequest<'a> {
    /// The sources, from [`saltmine_scan::discover`]. Files of the dataset itself are skipped.
    pub sources: &'a [Source],
    /// The dataset's folder; created if it does not exist.
    pub dataset: &'a Path,
    /// The partitioning of a new dataset. An existing dataset must have the same; `None` accepts any.
    pub partition_by: Option<PartitionBy>,
    /// The number of threads; 0 means one per core.
    pub jobs: usize,
    /// If true, damaged sources and rejects are errors, and nothing of their round is committed.
    pub strict: bool,
    /// When this becomes true, the run ends, and nothing of the current round is committed.
    pub stop: Option<&'a AtomicBool>,
}

/// Ingests sources. Content that is already in the dataset is skipped, so repeating a request adds nothing.
/// After a kill at any moment, the next ingest completes or removes what was in progress.
///
/// # Errors
/// If the dataset cannot be read or written, a source changes while it is read, the run is stopped, or, with
/// `strict`, some input was damaged or rejected. Rounds committed before that remain.
pub fn ingest(request: &IngestRequest<'_>, progress: &dyn Progress) -> Result<IngestReport, LakeError> {
    let start = Instant::now();
    let waiting = waiting(request.dataset, progress);
    let dataset = opened(request, &waiting)?;
    let lock = DatasetLock::acquire_unless_stopped(&dataset, &waiting, request.stop)?;
    recover_and_report(&lock, progress)?;
    lock.add_columns(Table::Sources)?;
    let sources = outside_dataset(request.sources, dataset.root());
    let objects = KnownObjects::read(&dataset, &sources)?;
    let request = &IngestRequest { sources: &sources, ..request.clone() };
    progress.event(Event::Started { files: sources.len() as u64 });
    let mut run = Run { request, lock: &lock, by: dataset.partition_by(), report: IngestReport::default() };
    run.rounds(&objects, progress).map_err(|error| run.report.with_committed(error))?;
    run.report.elapsed = start.elapsed();
    Ok(run.report)
}

/// Whether the run was asked to stop.
pub(crate) fn is_stopped(request: &IngestRequest<'_>) -> bool {
    request.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
}

/// Reports, once, that another run holds the dataset.
pub(crate) fn waiting<'a>(dataset: &'a Path, progress: &'a dyn Progress) -> impl Fn() + 'a {
    let is_reported = Cell::new(false);
    move || {
        if !is_reported.replace(true) {
            progress.event(Event::Waiting { dataset });
        }
    }
}

/// The dataset of a request, created if it does not exist.
pub(crate) fn opened(request: &IngestRequest<'_>, waiting: &dyn Fn()) -> Result<Dataset, LakeError> {
    match request.partition_by {
        None if Dataset::is_dataset(request.dataset) => Dataset::open(request.dataset),
        by => Dataset::open_or_create_unless_stopped(
            request.dataset,
            by.unwrap_or_default(),
            waiting,
            request.stop,
        ),
    }
}

/// Completes or removes what an interrupted run left, and reports it.
pub(crate) fn recover_and_report(lock: &DatasetLock<'_>, progress: &dyn Progress) -> Result<(), LakeError> {
    let recovery = lock.recover()?;
    if !recovery.completed.is_empty() || recovery.discarded > 0 {
        progress.event(Event::Recovered {
            completed: recovery.completed.len(),
            discarded: recovery.discarded as usize,
        });
    }
    Ok(())
}

struct Run<'a, 'l> {
    request: &'a IngestRequest<'a>,
    lock: &'l DatasetLock<'l>,
    by: PartitionBy,
    report: IngestReport,
}

impl Run<'_, '_> {
    fn rounds(&mut self, known: &KnownObjects, progress: &dyn Progress) -> Result<(), LakeError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.request.jobs)
            .thread_name(|index| format!("ingest-{index}"))
            .build()
            .map_err(|error| LakeError::Threads(error.to_string()))?;
        let encoder = Encoder::new().map_err(LakeError::parquet(self.request.dataset))?;
        let all = self.request.sources;
        self.report.files = all.len() as u64;
        let spool = std::env::temp_dir();
        let mut order = reading_order(all);
        order.retain(|index| {
            let source = &all[*index as usize];
            !known.skip_known(source, progress)
        });
        let mut contents = self.lock.known_sources()?;
        // Growing the set later would take half as much memory again.
        contents.reserve(order.len().saturating_sub(contents.len()));
        let ahead = prefetch(all, order.iter().map(|index| *index as usize))?;
        let mut sources = Sources {
            all,
            order,
            ahead,
            next: AtomicUsize::new(0),
            known: Mutex::new(contents),
            spool: &spool,
            progress,
        };
        while *sources.next.get_mut() < sources.order.len() {
            let first = *sources.next.get_mut();
            let staging = self.lock.begin()?;
            self.round(staging, &sources, &encoder, &pool, progress)?;
            debug_assert!(*sources.next.get_mut() > first, "a round takes at least one source");
        }
        self.report.skipped = self.report.files - self.report.read;
        Ok(())
    }

    /// One round: read, encode, commit.
    fn round(
        &mut self,
        staging: Staging<'_>,
        sources: &Sources<'_>,
        encoder: &Encoder,
        pool: &rayon::ThreadPool,
        progress: &dyn Progress,
    ) -> Result<(), LakeError> {
        let workers = pool.current_num_threads();
        let round_sources = RoundSources::new(sources, staging.table_path(Table::Rejects));
        let lasts = staging.is_in_storage();
        let partitions = Partitions::new(encoder, staging.dir().to_path_buf(), self.by, lasts);
        Pipeline::new(&round_sources, &partitions, encoder, workers, self.request.stop).run(pool)?;
        let files = partitions.into_files()?;
        encoder.free_memory(); // the ledger of many small sources needs as much
        let round = round_sources.into_round()?;
        self.add(&round, sources.all);
        if self.request.strict && !self.report.is_clean() {
            return Err(LakeError::Strict {
                problems: self.report.problem_count,
                rejects: self.report.counts.rejects,
            });
        }
        if round.entries.is_empty() {
            return Ok(());
        }
        progress.event(Event::Committing { rows: files.iter().map(|file| file.rows).sum() });
        if is_stopped(self.request) {
            return Err(LakeError::stopped());
        }
        self.report.parquet_files += files.len() as u64;
        self.report.parquet_bytes += files.iter().map(|file| file.size).sum::<u64>();
        self.report.run_id = staging.run_id().to_owned();
        let rejects = round.rejects_file.map(|written| staging.plan_table(Table::Rejects, written));
        staging.commit_changes(files, rejects, round.entries)?;
        self.report.note_commit();
        Ok(())
    }

    /// Adds a round to the report.
    fn add(&mut self, round: &RoundOutcome, all: &[Source]) {
        self.report.add_sources(&round.report);
        self.report.add_rejects(round.rejects.iter().map(|reject| NamedReject {
            log_file: all.get(reject.source).map_or_else(String::new, |source| source.name.clone()),
            reject: reject.clone(),
        }));
    }
}
