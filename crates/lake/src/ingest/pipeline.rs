//! The rayon pipeline of a round: reads sources into blocks, decodes blocks to batches, passes batches to the
//! partitions of their days, and encodes them there.
//!
//! Every worker runs the same loop: take the most urgent job, do it without holding any lock, and put back
//! the result. Reading is only assigned while the bytes in flight are below a budget, so memory does not grow
//! with the input. Encoding is assigned as soon as a partition has enough rows. A large file is read block by
//! block, and any free worker decodes its blocks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use saltmine_scan::{BlockPool, Decoder};

use crate::encode::Encoder;
use crate::error::LakeError;
use crate::ingest::partitions::{EncodeJob, Partitions};
use crate::ingest::round_sources::RoundSources;
use crate::ingest::source_content::OpenSource;

/// Bytes of blocks in flight per worker. A block is held until the last of its rows is encoded.
const IN_FLIGHT_PER_WORKER: usize = 20 << 20;

/// The state shared by all workers.
pub(crate) struct Pipeline<'a> {
    state: Mutex<State>,
    change: Condvar,
    pool: Arc<BlockPool>,
    round_sources: &'a RoundSources<'a>,
    partitions: &'a Partitions<'a>,
    encoder: &'a Encoder,
    workers: usize,
    stop: Option<&'a AtomicBool>,
}

#[derive(Default)]
struct State {
    /// Open sources that no worker is reading.
    idle: Vec<OpenSource>,
    /// The number of workers with a job.
    busy: usize,
    error: Option<LakeError>,
}

enum Job {
    Read(Option<OpenSource>),
    Encode(EncodeJob),
}

/// A worker with a job. However it ends, even by a panic, the other workers are notified; otherwise they
/// would wait forever.
struct Busy<'p, 'a>(&'p Pipeline<'a>);

impl Drop for Busy<'_, '_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.busy -= 1;
        if std::thread::panicking() {
            state.error.get_or_insert_with(|| LakeError::panicked(&"a worker"));
        }
        drop(state);
        self.0.change.notify_all();
    }
}

impl<'a> Pipeline<'a> {
    pub(crate) fn new(
        round_sources: &'a RoundSources<'a>,
        partitions: &'a Partitions<'a>,
        encoder: &'a Encoder,
        workers: usize,
        stop: Option<&'a AtomicBool>,
    ) -> Self {
        Self {
            state: Mutex::default(),
            change: Condvar::new(),
            pool: BlockPool::new(),
            round_sources,
            partitions,
            encoder,
            workers,
            stop,
        }
    }

    /// Runs the round on a pool of threads until it is complete or an error occurs.
    pub(crate) fn run(&self, pool: &rayon::ThreadPool) -> Result<(), LakeError> {
        let work = || {
            pool.scope(|scope| {
                for _ in 0..self.workers {
                    scope.spawn(|_| self.work());
                }
            });
            match self.lock().error.take() {
                Some(error) => Err(error),
                None => self.partitions.finish(pool),
            }
        };
        // Nothing of a round that ended this way is used.
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(LakeError::panicked(&*panic)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut decoder = Decoder::for_files();
        while let Some(job) = self.next_job() {
            let busy = Busy(self);
            let result = match job {
                Job::Read(reading) => self.read(reading, &mut decoder),
                Job::Encode(job) => self.partitions.encode(job, self.encoder),
            };
            if let Err(error) = result {
                self.lock().error.get_or_insert(error);
            }
            drop(busy);
        }
    }

    /// Waits for a job; `None` if everything is done, or an error ends the round.
    fn next_job(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                state.error.get_or_insert_with(LakeError::stopped);
            }
            if state.error.is_some() {
                return None;
            }
            if let Some(job) = self.choose(&mut state) {
                state.busy += 1;
                return Some(job);
            }
            if state.busy == 0 {
                return None;
            }
            state = self.change.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn choose(&self, state: &mut State) -> Option<Job> {
        let is_over = self.pool.on_loan() >= IN_FLIGHT_PER_WORKER * self.workers;
        let can_read = !state.idle.is_empty() || self.round_sources.has_more();
        if let Some(job) = self.partitions.next_job(is_over || !can_read, self.workers) {
            return Some(Job::Encode(job));
        }
        // Over budget with nothing to encode: all partitions are being encoded, and their workers will free
        // memory.
        if !can_read || (is_over && state.busy > 0) {
            return None;
        }
        match state.idle.pop() {
            Some(reading) => Some(Job::Read(Some(reading))),
            None => Some(Job::Read(None)),
        }
    }

    /// Reads a block, returns its source for other workers, and decodes the block.
    fn read(&self, reading: Option<OpenSource>, decoder: &mut Decoder) -> Result<(), LakeError> {
        let mut block = self.pool.block();
        let unfinished = self.round_sources.fill(reading, &mut block)?;
        if let Some(reading) = unfinished {
            self.lock().idle.push(reading);
            self.change.notify_one();
        }
        if block.is_empty() {
            return Ok(());
        }
        let decoded = decoder
            .decode(block, |source| self.round_sources.name(source))
            .map_err(|error| LakeError::Arrow(arrow::error::ArrowError::ExternalError(error.into())))?;
        self.partitions.push(&decoded.batch, &decoded.days)?;
        self.round_sources.note_files(self.partitions.files());
        self.round_sources.record(decoded.counts, decoded.rejects)
    }
}
