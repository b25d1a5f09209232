//! Reads sources again, line by line: in the same way as an ingest, but only for comparison.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use arrow::array::RecordBatch;
use saltmine_s3::{Object, Prefetcher};
use saltmine_scan::{
    BLOCK_SIZE, Block, BlockPool, Column, Counts, Decoder, Order, ReadStatus, Reject, Source, SourceReader,
    SourceState, rejects_batch,
};
use sha2::{Digest, Sha256};

use crate::error::LakeError;
use crate::ingest::source_content::{HashedSource, OpenError, OpenSource, open};
use crate::storage::disk::HashingWriter;

/// Sources up to this size are read into memory; larger ones are read twice.
const MAX_IN_MEMORY: u64 = 16 << 20;
/// The number of rejects passed on at a time.
const REJECTS_AT_A_TIME: usize = 8192;

/// The part of a source to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The index of the source.
    pub(super) source: usize,
    /// Limits reading to this many bytes from the beginning: the source before it grew.
    pub(super) bytes: Option<u64>,
}

/// The outcome for a part.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// `None` if it could not be opened.
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) size: u64,
    pub(super) inflated: u64,
    pub(super) counts: Counts,
    /// `None` if its lines were not needed.
    pub(super) state: Option<SourceState>,
    pub(super) problem: Option<String>,
    /// Why it could not be read, or differs from what was hashed.
    pub(super) error: Option<String>,
}

/// Receives the rows that the lines produce.
pub(super) struct Lines<'a> {
    /// Receives rows of `logs`.
    pub(super) rows: &'a (dyn Fn(&RecordBatch) -> Result<(), LakeError> + Sync),
    /// Receives rows of `rejects`.
    pub(super) rejects: &'a (dyn Fn(&RecordBatch) -> Result<(), LakeError> + Sync),
}

/// Decides under which name a content is read; `None` if its lines are not needed.
pub(super) type NameChooser<'a> = &'a (dyn Fn(usize, &[u8; 32]) -> Option<Arc<str>> + Sync);

/// Reads parts of sources, identified by number, and passes on what their lines produce, in any order.
///
/// # Errors
/// If S3 does not respond, or a block cannot be decoded, which would be a bug in this program.
pub(super) fn scan(
    sources: &[Source],
    parts: &[Part],
    decide: NameChooser<'_>,
    lines: &Lines<'_>,
) -> Result<Vec<Outcome>, LakeError> {
    let objects: Vec<(usize, Object)> = parts
        .iter()
        .enumerate()
        .filter(|(_, part)| part.bytes.is_none())
        .filter_map(|(index, part)| Some((index, Object::clone(sources.get(part.source)?.object.as_ref()?))))
        .collect();
    let ahead = if objects.is_empty() { None } else { Some(Prefetcher::start(objects)?) };
    let run = Run {
        sources,
        parts,
        decide,
        lines,
        ahead,
        spool: std::env::temp_dir(),
        names: parts.iter().map(|_| OnceLock::new()).collect(),
        next: AtomicUsize::new(0),
        pool: BlockPool::new(),
        outcomes: Mutex::new(vec![Outcome::default(); parts.len()]),
        state: Mutex::default(),
        change: Condvar::new(),
    };
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|_| run.work());
        }
    });
    match lock(&run.state).error.take() {
        Some(error) => Err(error),
        None => Ok(run.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

struct Run<'a> {
    sources: &'a [Source],
    parts: &'a [Part],
    decide: NameChooser<'a>,
    lines: &'a Lines<'a>,
    ahead: Option<Prefetcher>,
    spool: PathBuf,
    names: Vec<OnceLock<Arc<str>>>,
    next: AtomicUsize,
    pool: Arc<BlockPool>,
    outcomes: Mutex<Vec<Outcome>>,
    state: Mutex<State>,
    change: Condvar,
}

#[derive(Default)]
struct State {
    /// Open sources that no worker is reading.
    idle: Vec<OpenSource>,
    /// The number of workers that are reading or decoding.
    busy: usize,
    error: Option<LakeError>,
}

/// A worker with a job; however it ends, the others are notified.
struct Busy<'a>(&'a Run<'a>);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.busy -= 1;
        if std::thread::panicking() {
            state.error.get_or_insert(LakeError::Threads("a worker failed".to_owned()));
        }
        drop(state);
        self.0.change.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run<'_> {
    fn work(&self) {
        let mut decoder = Decoder::new(0..Column::FILE_COUNT, Order::Lines);
        while let Some(reading) = self.next_reading() {
            let _busy = Busy(self);
            if let Err(error) = self.block(reading, &mut decoder) {
                lock(&self.state).error.get_or_insert(error);
            }
        }
    }

    /// A source to continue reading, or `Some(None)` to open another one; `None` when everything is done.
    fn next_reading(&self) -> Option<Option<OpenSource>> {
        let mut state = lock(&self.state);
        loop {
            if state.error.is_some() {
                return None;
            }
            let reading = state.idle.pop();
            if reading.is_some() || self.next.load(Ordering::Relaxed) < self.parts.len() {
                state.busy += 1;
                return Some(reading);
            }
            if state.busy == 0 {
                return None;
            }
            state = self.change.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Fills a block, returns its source for other workers, and decodes the block.
    fn block(&self, reading: Option<OpenSource>, decoder: &mut Decoder) -> Result<(), LakeError> {
        let mut block = self.pool.block();
        let mut rejects = Vec::new();
        let unfinished = self.fill(reading, &mut block, &mut rejects)?;
        if let Some(reading) = unfinished {
            lock(&self.state).idle.push(reading);
            self.change.notify_one();
        }
        if !block.is_empty() {
            let decoded = decoder.decode(block, |part| self.name(part)).map_err(scan_error)?;
            for (part, counts) in &decoded.counts {
                self.note(*part, |outcome| outcome.counts.add(counts));
            }
            if decoded.batch.num_rows() > 0 {
                (self.lines.rows)(&decoded.batch)?;
            }
            rejects.extend(decoded.rejects);
        }
        for rejects in rejects.chunks(REJECTS_AT_A_TIME) {
            (self.lines.rejects)(&rejects_batch(rejects, |part| self.name(part)).map_err(scan_error)?)?;
        }
        Ok(())
    }

    fn fill(
        &self,
        reading: Option<OpenSource>,
        block: &mut Block,
        rejects: &mut Vec<Reject>,
    ) -> Result<Option<OpenSource>, LakeError> {
        let mut current = reading;
        loop {
            let mut reading = match current.take() {
                Some(reading) => reading,
                None => match self.open_next()? {
                    Some(reading) => reading,
                    None => return Ok(None),
                },
            };
            let filled = reading.reader.fill(block);
            let late = reading.reader.take_rejects();
            self.note(reading.source, |outcome| {
                outcome.counts.lines += late.len() as u64;
                outcome.counts.rejects += late.len() as u64;
            });
            rejects.extend(late);
            if filled == ReadStatus::Full {
                return Ok(Some(reading));
            }
            self.end(&reading);
            if block.room() < BLOCK_SIZE / 4 {
                return Ok(None);
            }
        }
    }

    /// Opens the next part that is needed.
    fn open_next(&self) -> Result<Option<OpenSource>, LakeError> {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = self.parts.get(index) else { return Ok(None) };
            let Some(source) = self.sources.get(part.source) else { continue };
            let opened = match part.bytes {
                None => open(index, source, self.ahead.as_ref(), &self.spool),
                Some(bytes) => open_beginning(index, source, bytes).map_err(OpenError::from),
            };
            let HashedSource { reading, sha256, size, .. } = match opened {
                Ok(opened) => opened,
                Err(OpenError::Run(error)) => return Err(error),
                Err(OpenError::Source(error)) => {
                    self.note(index, |outcome| outcome.error = Some(error.to_string()));
                    continue;
                }
            };
            self.note(index, |outcome| (outcome.sha256, outcome.size) = (Some(sha256), size));
            if let Some(name) = (self.decide)(index, &sha256) {
                let _ = self.names[index].set(name); // each part is opened once
                return Ok(Some(reading));
            }
        }
    }

    fn end(&self, reading: &OpenSource) {
        let reader = &reading.reader;
        let problem = reader.problem().map(ToString::to_string);
        self.note(reading.source, |outcome| {
            if reading.streamed && reader.state() == SourceState::Unreadable {
                outcome.error.clone_from(&problem);
            }
            outcome.state = Some(reader.state());
            outcome.problem = problem;
            outcome.inflated = reader.inflated();
        });
    }

    fn note(&self, part: usize, note: impl FnOnce(&mut Outcome)) {
        if let Some(outcome) = lock(&self.outcomes).get_mut(part) {
            note(outcome);
        }
    }

    fn name(&self, part: usize) -> &str {
        self.names.get(part).and_then(OnceLock::get).map_or("", |name| name)
    }
}

fn scan_error(error: saltmine_scan::ScanError) -> LakeError {
    LakeError::Arrow(arrow::error::ArrowError::ExternalError(error.into()))
}

/// The bytes of a source, which may be read more than once.
fn bytes_of(source: &Source) -> io::Result<Box<dyn Read + Send>> {
    match &source.object {
        Some(object) => Ok(Box::new(object.reader())),
        None => Ok(Box::new(File::open(&source.path)?)),
    }
}

/// The beginning of a source. What is read later is what was hashed; otherwise the changed hash is noticed.
fn open_beginning(index: usize, source: &Source, bytes: u64) -> io::Result<HashedSource> {
    let mut from = bytes_of(source)?.take(bytes);
    let (reader, sha256, size) = if bytes <= MAX_IN_MEMORY {
        let mut whole = Vec::new();
        from.read_to_end(&mut whole)?;
        let (sha256, size) = (Sha256::digest(&whole).into(), whole.len() as u64);
        (SourceReader::over_bytes(index, whole), sha256, size)
    } else {
        let mut sink = HashingWriter::new(io::sink());
        io::copy(&mut from, &mut sink)?;
        let (_, sha256, size) = sink.finish();
        (SourceReader::over_reader(index, Box::new(bytes_of(source)?.take(bytes))), sha256, size)
    };
    let reading = OpenSource { source: index, reader, streamed: bytes > MAX_IN_MEMORY };
    Ok(HashedSource { reading, sha256, size, etag: None })
}

/// Whether the beginnings of a source, given by size in ascending order, have these hashes. Reads the source
/// once.
///
/// # Errors
/// If it cannot be read.
pub(super) fn has_beginnings(source: &Source, wanted: &[(u64, [u8; 32])]) -> io::Result<Vec<bool>> {
    if source.stdin || (source.object.is_none() && !is_file(&source.path)) {
        return Ok(vec![false; wanted.len()]);
    }
    let mut from = bytes_of(source)?;
    let mut hash = HashingWriter::new(io::sink());
    let mut found = Vec::with_capacity(wanted.len());
    for (bytes, sha256) in wanted {
        let (_, read) = hash.digest();
        let missing = bytes.saturating_sub(read);
        let got = io::copy(&mut (&mut from).take(missing), &mut hash)?;
        found.push(got == missing && hash.digest().0 == *sha256);
    }
    Ok(found)
}

fn is_file(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}
