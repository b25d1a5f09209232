//! The sources of a round: which ones are new, what is read from them, and their outcomes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use saltmine_s3::Prefetcher;
use saltmine_scan::{
    BLOCK_SIZE, Block, Counts, LogObjectName, ReadProblem, ReadStatus, Reject, Source, SourceReader,
    SourceState,
};

use crate::error::LakeError;
use crate::ingest::progress::{Event, Progress};
use crate::ingest::rejects::Rejects;
use crate::ingest::report::{IngestReport, SourceOutcome};
use crate::ingest::source_content::{HashedSource, OpenError, OpenSource, open};
use crate::table::ledger::{SAME, SourceEntry, bare};
use crate::table::table_file::WrittenFile;

/// A round ends after this many bytes of files.
const ROUND_BYTES: u64 = 4 << 30;
/// A round also ends after this many files.
const ROUND_FILES: u64 = 100_000;

/// A round also ends after this many files of `logs`, because the metadata of each is kept in memory until
/// the commit.
pub(crate) const ROUND_PARTS: usize = if cfg!(test) { 64 } else { 4096 };

/// Content that is in the dataset or was found in this run.
pub(crate) type Contents = Mutex<HashSet<[u8; 32]>>;

/// The sources of a run, and how they are read.
pub(crate) struct Sources<'a> {
    pub(crate) all: &'a [Source],
    /// The sources to examine, in reading order.
    pub(crate) order: Vec<u32>,
    /// Prefetches the objects among them.
    pub(crate) ahead: Option<Prefetcher>,
    /// The first source that no round has examined.
    pub(crate) next: AtomicUsize,
    pub(crate) known: Contents,
    /// Folder for standard input, which is copied to a file before it is parsed.
    pub(crate) spool: &'a Path,
    pub(crate) progress: &'a dyn Progress,
}

/// The sources that are not files of the dataset itself, which may be inside the folder of the logs.
pub(crate) fn outside_dataset<'a>(sources: &'a [Source], dataset: &Path) -> Cow<'a, [Source]> {
    // `None` if the dataset is not on disk.
    let root = dataset.canonicalize().ok();
    // Sources of one folder are adjacent: each folder is checked once.
    let (mut folder, mut is_outside) = (None, true);
    let mut is_kept = |source: &'a Source| {
        if source.object.is_some() {
            return !source.path.starts_with(dataset);
        }
        let Some(root) = &root else { return true };
        let parent = source.path.parent();
        if folder != parent {
            folder = parent;
            let parent = parent.filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            is_outside = !parent.canonicalize().is_ok_and(|parent| parent.starts_with(root));
        }
        is_outside || source.stdin
    };
    if sources.iter().all(&mut is_kept) {
        return Cow::Borrowed(sources);
    }
    Cow::Owned(sources.iter().filter(|&source| is_kept(source)).cloned().collect())
}

/// Orders sources by the times in their names, then by name, so that few days are open at a time and the rows
/// of a day are adjacent.
pub(crate) fn reading_order(sources: &[Source]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..sources.len() as u32).collect();
    order.sort_by_cached_key(|index| {
        (LogObjectName::new(&sources[*index as usize].name).time_range(), *index)
    });
    order
}

/// The sources of a round.
pub(crate) struct RoundSources<'a> {
    sources: &'a Sources<'a>,
    bytes: AtomicU64,
    files: AtomicU64,
    /// The number of files of `logs` so far.
    parts: AtomicUsize,
    /// This round includes all sources, however large they are.
    whole: bool,
    state: Mutex<State>,
}

struct State {
    open: HashMap<usize, Tracker>,
    entries: Vec<SourceEntry>,
    report: IngestReport,
    rejects: Rejects,
}

/// A source with lines still in flight.
#[derive(Default)]
struct Tracker {
    sha256: Option<[u8; 32]>,
    etag: Option<String>,
    size: u64,
    counts: Counts,
    /// The number of segments that have not been decoded.
    on_their_way: usize,
    /// How reading ended, once the source has been read.
    end: Option<(SourceState, Option<ReadProblem>, u64)>,
}

/// The results of a round.
pub(crate) struct RoundOutcome {
    pub(crate) entries: Vec<SourceEntry>,
    /// The totals; the rejects are in the fields below.
    pub(crate) report: IngestReport,
    /// The first rejects.
    pub(crate) rejects: Vec<Reject>,
    /// The file with all rejects, if there are any.
    pub(crate) rejects_file: Option<WrittenFile>,
}

impl<'a> RoundSources<'a> {
    /// Rejects go to a file at `rejects`.
    pub(crate) fn new(sources: &'a Sources<'a>, rejects: PathBuf) -> Self {
        let state = State {
            open: HashMap::new(),
            entries: Vec::new(),
            report: IngestReport::default(),
            rejects: Rejects::new(rejects),
        };
        Self {
            sources,
            bytes: AtomicU64::new(0),
            files: AtomicU64::new(0),
            parts: AtomicUsize::new(0),
            whole: false,
            state: Mutex::new(state),
        }
    }

    /// Like [`RoundSources::new`], for a round of all sources.
    pub(crate) fn whole(sources: &'a Sources<'a>, rejects: PathBuf) -> Self {
        Self { whole: true, ..Self::new(sources, rejects) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn name(&self, source: usize) -> &'a str {
        self.sources.all.get(source).map_or("", |source| &source.name)
    }

    /// Whether this round opens another source.
    pub(crate) fn has_more(&self) -> bool {
        self.sources.next.load(Ordering::Relaxed) < self.sources.order.len()
            && (self.whole
                || (self.parts.load(Ordering::Relaxed) < ROUND_PARTS
                    && self.bytes.load(Ordering::Relaxed) < ROUND_BYTES
                    && self.files.load(Ordering::Relaxed) < ROUND_FILES))
    }

    /// Records the number of files of `logs` that the round has made so far.
    pub(crate) fn note_files(&self, files: usize) {
        self.parts.fetch_max(files, Ordering::Relaxed);
    }

    /// Fills a block: from an open source, then from the next ones as long as there is enough room to be
    /// worthwhile. Returns the source if it has more.
    pub(crate) fn fill(
        &self,
        reading: Option<OpenSource>,
        block: &mut Block,
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
            let before = block.segments().len();
            let filled = reading.reader.fill(block);
            self.note(&mut reading, block.segments().len() - before, filled)?;
            if filled == ReadStatus::Full {
                return Ok(Some(reading));
            }
            if block.room() < BLOCK_SIZE / 4 {
                return Ok(None);
            }
        }
    }

    /// Opens the next source with new content.
    fn open_next(&self) -> Result<Option<OpenSource>, LakeError> {
        while self.has_more() {
            let turn = self.sources.next.fetch_add(1, Ordering::Relaxed);
            let Some(index) = self.sources.order.get(turn).map(|index| *index as usize) else { break };
            let Some(source) = self.sources.all.get(index) else { break };
            self.files.fetch_add(1, Ordering::Relaxed);
            let opened = open(index, source, self.sources.ahead.as_ref(), self.sources.spool);
            let (reading, sha256, size, etag) = match opened {
                Ok(HashedSource { reading, sha256, size, etag }) => (reading, Some(sha256), size, etag),
                Err(OpenError::Run(error)) => return Err(error),
                Err(OpenError::Source(error)) => {
                    let reader = SourceReader::unreadable(index, &error);
                    (OpenSource { source: index, reader, streamed: false }, None, 0, None)
                }
            };
            self.bytes.fetch_add(size, Ordering::Relaxed);
            if sha256.is_some_and(|sha256| !self.is_new(sha256)) {
                if etag.is_some() {
                    self.lock().entries.push(same_content_entry(source, size, etag));
                }
                skipped(self.sources.progress, source, size);
                continue;
            }
            self.lock().open.insert(index, Tracker { sha256, size, etag, ..Tracker::default() });
            return Ok(Some(reading));
        }
        Ok(None)
    }

    fn is_new(&self, sha256: [u8; 32]) -> bool {
        self.sources.known.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256)
    }

    /// Records the result of filling a block.
    fn note(&self, reading: &mut OpenSource, segments: usize, filled: ReadStatus) -> Result<(), LakeError> {
        let late = reading.reader.take_rejects();
        let mut state = self.lock();
        let Some(tracker) = state.open.get_mut(&reading.source) else { return Ok(()) };
        tracker.on_their_way += segments;
        tracker.counts.lines += late.len() as u64;
        tracker.counts.rejects += late.len() as u64;
        if filled == ReadStatus::Done {
            let reader = &reading.reader;
            if reading.streamed && reader.state() == SourceState::Unreadable {
                let message = reader.problem().map_or_else(String::new, |problem| problem.message.clone());
                return Err(LakeError::Source {
                    name: self.name(reading.source).to_owned(),
                    problem: message,
                });
            }
            tracker.end = Some((reader.state(), reader.problem().cloned(), reader.inflated()));
        }
        self.complete_if_done(&mut state, reading.source);
        state.rejects.push(late, |source| self.name(source))
    }

    /// Records the outcome for the lines of a block.
    pub(crate) fn record(&self, counts: Vec<(usize, Counts)>, rejects: Vec<Reject>) -> Result<(), LakeError> {
        let mut state = self.lock();
        let lines = counts.iter().map(|(_, counts)| counts.lines).sum();
        for (source, counts) in counts {
            if let Some(tracker) = state.open.get_mut(&source) {
                tracker.counts.add(&counts);
                tracker.on_their_way -= 1;
            }
            self.complete_if_done(&mut state, source);
        }
        state.rejects.push(rejects, |source| self.name(source))?;
        drop(state);
        self.sources.progress.event(Event::Lines { lines });
        Ok(())
    }

    /// Completes the entry of a source with nothing in flight.
    fn complete_if_done(&self, state: &mut State, source: usize) {
        let is_done = |tracker: &Tracker| tracker.on_their_way == 0 && tracker.end.is_some();
        if !state.open.get(&source).is_some_and(is_done) {
            return;
        }
        let Some(Tracker { sha256, etag, size, counts, end: Some((end, problem, inflated)), .. }) =
            state.open.remove(&source)
        else {
            return;
        };
        let name = self.name(source).to_owned();
        let text = problem.as_ref().map(ReadProblem::to_string);
        state.entries.push(SourceEntry {
            log_file: name.clone(),
            size,
            sha256,
            inflated_size: inflated,
            lines: counts.lines,
            rows: counts.rows,
            rejects: counts.rejects,
            blanks: counts.blanks,
            state: end.as_str().to_owned(),
            problem: text,
            first_time: counts.first_time,
            last_time: counts.last_time,
            url: self.sources.all.get(source).and_then(url_of),
            etag: etag.map(|etag| bare(&etag).to_owned()),
        });
        let outcome = SourceOutcome { name, size, inflated, counts, state: Some(end), problem };
        self.sources.progress.event(Event::Source(&outcome));
        state.report.add_source(outcome);
    }

    /// The results of the round, in the order of the sources.
    pub(crate) fn into_round(self) -> Result<RoundOutcome, LakeError> {
        let all = self.sources.all;
        let name_of = |source: usize| all.get(source).map_or("", |source| source.name.as_str());
        let State { mut entries, report, rejects, .. } =
            self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        entries.sort_by(|a, b| a.log_file.cmp(&b.log_file));
        let (rejects, rejects_file) = rejects.finish(name_of)?;
        Ok(RoundOutcome { entries, report, rejects, rejects_file })
    }
}

/// Reports that a source was skipped.
pub(crate) fn skipped(progress: &dyn Progress, source: &Source, size: u64) {
    progress.event(Event::Source(&SourceOutcome {
        name: source.name.clone(),
        size,
        inflated: 0,
        counts: Counts::default(),
        state: None,
        problem: None,
    }));
}

fn url_of(source: &Source) -> Option<String> {
    source.object.as_ref().map(|object| object.url())
}

/// The ledger row of an object whose content is already known.
fn same_content_entry(source: &Source, size: u64, etag: Option<String>) -> SourceEntry {
    let (log_file, url) = (source.name.clone(), url_of(source));
    let etag = etag.map(|etag| bare(&etag).to_owned());
    SourceEntry { log_file, size, url, etag, state: SAME.to_owned(), ..SourceEntry::default() }
}
