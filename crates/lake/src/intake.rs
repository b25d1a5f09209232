//! The sources of a round: which are new, what is read from them, and what became of each.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use saltmine_scan::{
    BLOCK_SIZE, Block, Counts, Filled, Problem, Reject, Source, SourceReader, SourceState, name_time_range,
};
use sha2::{Digest, Sha256};

use crate::disk::HashingWriter;
use crate::error::LakeError;
use crate::ledger::SourceEntry;
use crate::progress::{Event, Progress};
use crate::rejects::Rejects;
use crate::report::SourceOutcome;
use crate::table_file::Written;

/// Files up to this size are read into memory as a whole, and hashed there. Larger ones are read twice.
const WHOLE: u64 = 16 << 20;

/// A round ends after this many bytes of files, …
const ROUND_BYTES: u64 = 4 << 30;
/// … or after this many files.
const ROUND_FILES: u64 = 100_000;

/// Content that is in the dataset, or was met in this run.
pub(crate) type Known = Mutex<HashSet<[u8; 32]>>;

/// The sources of a run, and where they are read from.
pub(crate) struct Sources<'a> {
    pub(crate) all: &'a [Source],
    /// The order in which they are read.
    pub(crate) order: Vec<u32>,
    /// The first that no round has looked at.
    pub(crate) next: AtomicUsize,
    pub(crate) known: Known,
    /// For standard input, which is written down before it is read.
    pub(crate) spool: &'a Path,
    pub(crate) progress: &'a dyn Progress,
}

/// The sources that are not files of the dataset itself, which may lie in the folder of the logs.
pub(crate) fn outside<'a>(sources: &'a [Source], dataset: &Path) -> Cow<'a, [Source]> {
    let Ok(root) = dataset.canonicalize() else { return Cow::Borrowed(sources) };
    // Sources of one folder stand together: each folder is asked once.
    let (mut folder, mut is_outside) = (None, true);
    let mut is_kept = |source: &'a Source| {
        let parent = source.path.parent();
        if folder != parent {
            folder = parent;
            let parent = parent.filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            is_outside = !parent.canonicalize().is_ok_and(|parent| parent.starts_with(&root));
        }
        is_outside || source.is_stdin
    };
    if sources.iter().all(&mut is_kept) {
        return Cow::Borrowed(sources);
    }
    Cow::Owned(sources.iter().filter(|&source| is_kept(source)).cloned().collect())
}

/// By the time that their names tell, then by name: so that few days are open at a time, and a day's rows come together.
pub(crate) fn reading_order(sources: &[Source]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..sources.len() as u32).collect();
    order.sort_by_cached_key(|index| (name_time_range(&sources[*index as usize].name), *index));
    order
}

/// The sources of a round.
pub(crate) struct Intake<'a> {
    sources: &'a Sources<'a>,
    bytes: AtomicU64,
    files: AtomicU64,
    /// All sources are of this round, however large they are.
    is_whole: bool,
    state: Mutex<State>,
}

struct State {
    open: HashMap<usize, Tracker>,
    entries: Vec<SourceEntry>,
    outcomes: Vec<SourceOutcome>,
    rejects: Rejects,
}

/// A source of which something is still on its way.
#[derive(Default)]
struct Tracker {
    sha256: Option<[u8; 32]>,
    size: u64,
    counts: Counts,
    /// Segments of blocks that have not been decoded.
    on_their_way: usize,
    /// How it ended, once it is read.
    end: Option<(SourceState, Option<Problem>, u64)>,
}

/// A source that is being read.
pub(crate) struct Reading {
    source: usize,
    reader: SourceReader,
    /// Read from a file as it goes: then an error in the middle cannot be taken back.
    is_streamed: bool,
}

/// What a round's sources gave.
pub(crate) struct RoundSources {
    pub(crate) entries: Vec<SourceEntry>,
    pub(crate) outcomes: Vec<SourceOutcome>,
    /// The first lines that did not read.
    pub(crate) rejects: Vec<Reject>,
    /// The file with all of them, if there are any.
    pub(crate) rejects_file: Option<Written>,
}

impl<'a> Intake<'a> {
    /// Lines that do not read go to a file at `rejects`.
    pub(crate) fn new(sources: &'a Sources<'a>, rejects: PathBuf) -> Self {
        let state = State {
            open: HashMap::new(),
            entries: Vec::new(),
            outcomes: Vec::new(),
            rejects: Rejects::new(rejects),
        };
        Self {
            sources,
            bytes: AtomicU64::new(0),
            files: AtomicU64::new(0),
            is_whole: false,
            state: Mutex::new(state),
        }
    }

    /// As [`Intake::new`], for a round of all sources.
    pub(crate) fn whole(sources: &'a Sources<'a>, rejects: PathBuf) -> Self {
        Self { is_whole: true, ..Self::new(sources, rejects) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn name(&self, source: usize) -> &'a str {
        self.sources.all.get(source).map_or("", |source| &source.name)
    }

    /// Whether this round opens another source.
    pub(crate) fn has_more(&self) -> bool {
        self.sources.next.load(Ordering::Relaxed) < self.sources.all.len()
            && (self.is_whole
                || (self.bytes.load(Ordering::Relaxed) < ROUND_BYTES
                    && self.files.load(Ordering::Relaxed) < ROUND_FILES))
    }

    /// Fills a block: from a source that is open, then from the next ones while there is room worth filling. Returns
    /// the source that goes on.
    pub(crate) fn fill(
        &self,
        reading: Option<Reading>,
        block: &mut Block,
    ) -> Result<Option<Reading>, LakeError> {
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
            if filled == Filled::Full {
                return Ok(Some(reading));
            }
            if block.room() < BLOCK_SIZE / 4 {
                return Ok(None);
            }
        }
    }

    /// Opens the next source whose content is new.
    fn open_next(&self) -> Result<Option<Reading>, LakeError> {
        while self.has_more() {
            let turn = self.sources.next.fetch_add(1, Ordering::Relaxed);
            let Some(index) = self.sources.order.get(turn).map(|index| *index as usize) else { break };
            let Some(source) = self.sources.all.get(index) else { break };
            self.files.fetch_add(1, Ordering::Relaxed);
            let opened = open(index, source, self.sources.spool);
            let (reading, sha256, size) = match opened {
                Ok(Opened { reading, sha256, size }) => (reading, Some(sha256), size),
                Err(error) => {
                    let reader = SourceReader::unreadable(index, &error);
                    (Reading { source: index, reader, is_streamed: false }, None, 0)
                }
            };
            self.bytes.fetch_add(size, Ordering::Relaxed);
            if sha256.is_some_and(|sha256| !self.is_new(sha256)) {
                self.skipped(source, size);
                continue;
            }
            self.lock().open.insert(index, Tracker { sha256, size, ..Tracker::default() });
            return Ok(Some(reading));
        }
        Ok(None)
    }

    fn is_new(&self, sha256: [u8; 32]) -> bool {
        self.sources.known.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256)
    }

    fn skipped(&self, source: &Source, size: u64) {
        self.sources.progress.event(Event::Source(&SourceOutcome {
            name: source.name.clone(),
            size,
            inflated: 0,
            counts: Counts::default(),
            state: None,
            problem: None,
        }));
    }

    /// Notes what a filling gave.
    fn note(&self, reading: &mut Reading, segments: usize, filled: Filled) -> Result<(), LakeError> {
        let late = reading.reader.take_rejects();
        let mut state = self.lock();
        let Some(tracker) = state.open.get_mut(&reading.source) else { return Ok(()) };
        tracker.on_their_way += segments;
        tracker.counts.lines += late.len() as u64;
        tracker.counts.rejects += late.len() as u64;
        if filled == Filled::Done {
            let reader = &reading.reader;
            if reading.is_streamed && reader.state() == SourceState::Unreadable {
                let message = reader.problem().map_or_else(String::new, |problem| problem.message.clone());
                return Err(LakeError::Source {
                    name: self.name(reading.source).to_owned(),
                    problem: message,
                });
            }
            tracker.end = Some((reader.state(), reader.problem().cloned(), reader.inflated()));
        }
        self.close_if_done(&mut state, reading.source);
        state.rejects.push(late, |source| self.name(source))
    }

    /// Notes what became of the lines of a block.
    pub(crate) fn record(&self, counts: Vec<(usize, Counts)>, rejects: Vec<Reject>) -> Result<(), LakeError> {
        let mut state = self.lock();
        let lines = counts.iter().map(|(_, counts)| counts.lines).sum();
        for (source, counts) in counts {
            if let Some(tracker) = state.open.get_mut(&source) {
                tracker.counts.add(&counts);
                tracker.on_their_way -= 1;
            }
            self.close_if_done(&mut state, source);
        }
        state.rejects.push(rejects, |source| self.name(source))?;
        drop(state);
        self.sources.progress.event(Event::Lines { lines });
        Ok(())
    }

    /// Closes the account of a source of which nothing is on its way.
    fn close_if_done(&self, state: &mut State, source: usize) {
        let is_done = |tracker: &Tracker| tracker.on_their_way == 0 && tracker.end.is_some();
        if !state.open.get(&source).is_some_and(is_done) {
            return;
        }
        let Some(Tracker { sha256, size, counts, end: Some((end, problem, inflated)), .. }) =
            state.open.remove(&source)
        else {
            return;
        };
        let name = self.name(source).to_owned();
        let text = problem.as_ref().map(Problem::to_string);
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
        });
        let outcome = SourceOutcome { name, size, inflated, counts, state: Some(end), problem };
        self.sources.progress.event(Event::Source(&outcome));
        state.outcomes.push(outcome);
    }

    /// What the round gave; the order is that of the sources.
    pub(crate) fn into_round(self) -> Result<RoundSources, LakeError> {
        let all = self.sources.all;
        let name_of = |source: usize| all.get(source).map_or("", |source| source.name.as_str());
        let State { mut entries, outcomes, rejects, .. } =
            self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        entries.sort_by(|a, b| a.log_file.cmp(&b.log_file));
        let (rejects, rejects_file) = rejects.finish(name_of)?;
        Ok(RoundSources { entries, outcomes, rejects, rejects_file })
    }
}

struct Opened {
    reading: Reading,
    sha256: [u8; 32],
    size: u64,
}

/// Opens a source and tells the hash of its content. What is read later is what was hashed.
fn open(index: usize, source: &Source, spool: &Path) -> std::io::Result<Opened> {
    let mut file = if source.is_stdin {
        spooled(&mut std::io::stdin().lock(), spool)?
    } else {
        File::open(&source.path)?
    };
    let mut metadata = file.metadata()?;
    if !metadata.is_file() {
        // What a FIFO gives can be read only once too.
        file = spooled(&mut file, spool)?;
        metadata = file.metadata()?;
    }
    // With a byte to spare, the end is seen without another reading.
    let mut bytes = Vec::with_capacity(metadata.len().min(WHOLE) as usize + 1);
    (&mut file).take(WHOLE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= WHOLE {
        let (sha256, size) = (Sha256::digest(&bytes).into(), bytes.len() as u64);
        let reader = SourceReader::over_bytes(index, bytes);
        return Ok(Opened { reading: Reading { source: index, reader, is_streamed: false }, sha256, size });
    }
    drop(bytes);
    file.seek(SeekFrom::Start(0))?;
    let mut hash = HashingWriter::new(std::io::sink());
    std::io::copy(&mut file, &mut hash)?;
    let (_, sha256, size) = hash.finish();
    file.seek(SeekFrom::Start(0))?;
    let same = Same { file: file.take(size), hash: Sha256::new(), sha256 };
    let reader = SourceReader::over_reader(index, Box::new(same));
    Ok(Opened { reading: Reading { source: index, reader, is_streamed: true }, sha256, size })
}

/// What can be read only once, in a file of its own.
fn spooled(from: &mut impl Read, folder: &Path) -> std::io::Result<File> {
    let mut file = tempfile::tempfile_in(folder)?;
    std::io::copy(from, &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// A file that is read again: its end is an error if it is not what was hashed before.
struct Same {
    file: std::io::Take<File>,
    hash: Sha256,
    sha256: [u8; 32],
}

impl Read for Same {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(out)?;
        self.hash.update(&out[..count]);
        if count == 0 && !out.is_empty() && self.hash.clone().finalize()[..] != self.sha256 {
            return Err(std::io::Error::other("the file changed while it was read"));
        }
        Ok(count)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use saltmine_scan::BlockPool;

    use super::*;

    /// Opens a file that is too large to be read at once, changes it, and reads it. Gives its state, what was wrong, and
    /// how many bytes came.
    fn read_after(change: impl FnOnce(&mut File)) -> (SourceState, String, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "0123456789abcde\n".repeat((WHOLE / 16) as usize + 10)).unwrap();
        let source = Source { path: path.clone(), name: "log".into(), is_stdin: false };
        let opened = open(0, &source, folder.path()).unwrap();
        assert_eq!((opened.size, opened.reading.is_streamed), (WHOLE + 160, true));
        let mut reader = opened.reading.reader;
        change(&mut std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap());
        while reader.fill(&mut BlockPool::new().block()) == Filled::Full {}
        let problem = reader.problem().map_or_else(String::new, |problem| problem.message.clone());
        (reader.state(), problem, reader.inflated())
    }

    #[test]
    fn what_a_file_grows_by_while_it_is_read_is_left_for_the_next_run() {
        let (state, _, bytes) = read_after(|file| {
            file.seek(SeekFrom::End(0)).unwrap();
            file.write_all(b"more\n").unwrap();
        });
        assert_eq!((state, bytes), (SourceState::Complete, WHOLE + 160));
    }

    #[test]
    fn a_file_that_changes_or_shrinks_while_it_is_read_is_seen() {
        let changed = read_after(|file| {
            file.seek(SeekFrom::Start(WHOLE)).unwrap();
            file.write_all(b"X").unwrap();
        });
        let shrunk = read_after(|file| file.set_len(WHOLE).unwrap());
        for (state, problem, _) in [changed, shrunk] {
            assert_eq!(
                (state, problem.as_str()),
                (SourceState::Unreadable, "the file changed while it was read")
            );
        }
    }
}
