//! Sources with the same content are read once, as in an ingest.
//!
//! Content means the bytes as stored, which also identify a source in a dataset's ledger. Only sources of equal size
//! can have the same content. Files of equal size are hashed when the session opens. Objects are hashed when a scan
//! reads them: equal ETags prove nothing, because anyone who can write to the bucket can create two contents with the
//! same MD5. Only if other processes read the objects are ETags compared, because nothing else is available.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use saltmine_scan::{LogObjectName, Source};
use sha2::{Digest, Sha256};

type Hash = [u8; 32];

/// Which sources are copies of which.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    known: Mutex<ContentCache>,
    /// Objects with the same size as another source, whose content is hashed when it is read.
    undecided: HashSet<usize>,
}

#[derive(Debug, Default)]
struct ContentCache {
    /// For a copy, the source that is read instead.
    originals: HashMap<usize, usize>,
    /// The source with the content of this hash.
    contents: HashMap<Hash, usize>,
}

impl Copies {
    /// Finds copies among sources of these sizes. Of equal sources, the first in ingest order is read: by the time in the
    /// name, then by name. `remote`: other processes read them, so objects are compared by ETag only.
    pub(crate) fn find(sources: &[Source], sizes: &[u64], remote: bool) -> Self {
        let mut groups: HashMap<u64, Vec<usize>> = HashMap::new();
        for (index, _) in sources.iter().enumerate().filter(|(_, source)| !source.stdin) {
            groups.entry(sizes.get(index).copied().unwrap_or(0)).or_default().push(index);
        }
        let mut known = ContentCache::default();
        let mut undecided = HashSet::new();
        let (mut files, mut objects) = (Vec::new(), Vec::new());
        for group in groups.into_values().filter(|group| group.len() > 1) {
            for index in group {
                if sources[index].object.is_some() { objects.push(index) } else { files.push(index) }
            }
        }
        in_order(sources, &mut files);
        in_order(sources, &mut objects);
        let hashes = hash_all(sources, &files);
        for (index, hash) in files.into_iter().zip(hashes) {
            if let Some(hash) = hash {
                known.claim(index, hash);
            }
        }
        if !remote {
            undecided.extend(objects.drain(..));
        }
        let mut tags: HashMap<(u64, &str), usize> = HashMap::new();
        for index in objects {
            let object = sources[index].object.as_deref();
            let tag = object.and_then(|object| Some((object.size, object.etag.as_deref()?)));
            if let Some(tag) = tag {
                let first = *tags.entry(tag).or_insert(index);
                if first != index {
                    known.originals.insert(index, first);
                }
            }
        }
        Self { known: Mutex::new(known), undecided }
    }

    /// The source that is read instead of this one; `None` if it is not known to be a copy.
    pub(crate) fn original(&self, index: usize) -> Option<usize> {
        self.lock().originals.get(&index).copied()
    }

    /// The known copies and their originals.
    pub(crate) fn pairs(&self) -> Vec<(usize, usize)> {
        self.lock().originals.iter().map(|(copy, original)| (*copy, *original)).collect()
    }

    /// Whether the content of this source must be compared when it is read.
    pub(crate) fn is_undecided(&self, index: usize) -> bool {
        self.undecided.contains(&index)
    }

    /// Records the content of an undecided source. Returns the source that is read instead if another has the same
    /// content.
    pub(crate) fn compare(&self, index: usize, content: impl Read) -> io::Result<Option<usize>> {
        let hash = hash(content)?;
        Ok(self.lock().claim(index, hash))
    }

    fn lock(&self) -> MutexGuard<'_, ContentCache> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ContentCache {
    /// The source that already has this content, unless it is this one.
    fn claim(&mut self, index: usize, hash: Hash) -> Option<usize> {
        let first = *self.contents.entry(hash).or_insert(index);
        if first == index {
            return None;
        }
        self.originals.insert(index, first);
        Some(first)
    }
}

/// Sorts sources in ingest order.
fn in_order(sources: &[Source], indices: &mut [usize]) {
    indices.sort_by_cached_key(|index| (LogObjectName::new(&sources[*index].name).time_range(), *index));
}

/// Hashes files on several threads; `None` for unreadable files, which the scan will report.
fn hash_all(sources: &[Source], files: &[usize]) -> Vec<Option<Hash>> {
    let mut hashes = vec![None; files.len()];
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let each = files.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        for (files, hashes) in files.chunks(each).zip(hashes.chunks_mut(each)) {
            scope.spawn(|| {
                for (index, hash) in files.iter().zip(hashes) {
                    *hash = hash_file(&sources[*index].path).ok();
                }
            });
        }
    });
    hashes
}

// Only regular files: a pipe, for example, can be read only once.
fn hash_file(path: &Path) -> io::Result<Hash> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    hash(File::open(path)?)
}

fn hash(mut content: impl Read) -> io::Result<Hash> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match content.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_files_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let contents = [
            ("z-merged", "two"),
            ("2026-05-02-00-00-00-AAAAAAAAAAAAAAAA", "one"),
            ("2026-05-01-00-00-00-BBBBBBBBBBBBBBBB", "one"),
            ("c", "two"),
            ("longer", "three"),
        ];
        let sources: Vec<Source> = contents
            .iter()
            .map(|(name, text)| {
                let path = folder.path().join(name);
                std::fs::write(&path, text).unwrap();
                Source::file(path, (*name).to_owned())
            })
            .collect();
        let copies = Copies::find(&sources, &saltmine_scan::sizes(&sources), false);
        let mut pairs = copies.pairs();
        pairs.sort_unstable();
        assert_eq!(pairs, [(1, 2), (3, 0)]);
        assert_eq!((copies.original(1), copies.original(4)), (Some(2), None));
    }

    #[test]
    fn content_that_is_being_read_keeps_its_first_owner() {
        let copies = Copies::default();
        assert_eq!(copies.compare(5, &b"x"[..]).unwrap(), None);
        assert_eq!(copies.compare(3, &b"x"[..]).unwrap(), Some(5));
        assert_eq!(copies.compare(5, &b"x"[..]).unwrap(), None);
        assert_eq!(copies.pairs(), [(3, 5)]);
    }

    // Opening a pipe waits for the other end, and bytes read from it are gone.
    #[cfg(unix)]
    #[test]
    fn pipes_are_not_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        if made.is_ok_and(|status| status.success()) {
            assert!(hash_file(&path).is_err());
        }
    }
}
