//! Opens a source: the hash of its content is known before any line is parsed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use saltmine_s3::{Body, Prefetcher, S3Error};
use saltmine_scan::{Source, SourceReader};
use sha2::{Digest, Sha256};

use crate::error::LakeError;
use crate::storage::disk::HashingWriter;

/// Files up to this size are read into memory and hashed there. Larger ones are read twice.
const MAX_IN_MEMORY: u64 = 16 << 20;

/// A source that is being read.
pub(crate) struct OpenSource {
    pub(crate) source: usize,
    pub(crate) reader: SourceReader,
    /// Whether it is read from a file as a stream: then an error in the middle cannot be undone.
    pub(crate) streamed: bool,
}

/// A source whose content hash is known.
pub(crate) struct HashedSource {
    pub(crate) reading: OpenSource,
    pub(crate) sha256: [u8; 32],
    pub(crate) size: u64,
    pub(crate) etag: Option<String>,
}

/// Why a source could not be opened.
pub(crate) enum OpenError {
    /// The error concerns only this source; others may be readable.
    Source(std::io::Error),
    /// The error would affect every source.
    Run(LakeError),
}

impl From<std::io::Error> for OpenError {
    fn from(error: std::io::Error) -> Self {
        match error.downcast::<S3Error>() {
            Ok(error) => Self::from(error),
            Err(error) => Self::Source(error),
        }
    }
}

impl From<S3Error> for OpenError {
    fn from(error: S3Error) -> Self {
        if error.problem.is_of_object() {
            Self::Source(std::io::Error::other(error.problem.to_string()))
        } else {
            Self::Run(error.into())
        }
    }
}

/// Opens a source and hashes its content. Guarantees that what is read later is what was hashed.
pub(crate) fn open(
    index: usize,
    source: &Source,
    ahead: Option<&Prefetcher>,
    spool: &Path,
) -> Result<HashedSource, OpenError> {
    if let (Some(_), Some(ahead)) = (&source.object, ahead) {
        return match ahead.take(index)? {
            Body::Whole { content, etag } => Ok(HashedSource { etag, ..whole(index, content.into()) }),
            // The hash must be known before the lines are parsed: a copy on disk cannot change later.
            Body::Large(object) => {
                let opened = open_file(index, spool_to_file(&mut object.reader(), spool)?, spool)?;
                Ok(HashedSource { etag: object.etag, ..opened })
            }
        };
    }
    let file = if source.stdin {
        spool_to_file(&mut std::io::stdin().lock(), spool)?
    } else {
        File::open(&source.path)?
    };
    Ok(open_file(index, file, spool)?)
}

fn whole(index: usize, bytes: Vec<u8>) -> HashedSource {
    let (sha256, size) = (Sha256::digest(&bytes).into(), bytes.len() as u64);
    let reader = SourceReader::over_bytes(index, bytes);
    HashedSource { reading: OpenSource { source: index, reader, streamed: false }, sha256, size, etag: None }
}

fn open_file(index: usize, mut file: File, spool: &Path) -> std::io::Result<HashedSource> {
    let mut metadata = file.metadata()?;
    if !metadata.is_file() {
        // A FIFO can also be read only once.
        file = spool_to_file(&mut file, spool)?;
        metadata = file.metadata()?;
    }
    // One extra byte makes the end visible without another read.
    let mut bytes = Vec::with_capacity(metadata.len().min(MAX_IN_MEMORY) as usize + 1);
    (&mut file).take(MAX_IN_MEMORY + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= MAX_IN_MEMORY {
        return Ok(whole(index, bytes));
    }
    drop(bytes);
    file.seek(SeekFrom::Start(0))?;
    let mut hash = HashingWriter::new(std::io::sink());
    std::io::copy(&mut file, &mut hash)?;
    let (_, sha256, size) = hash.finish();
    file.seek(SeekFrom::Start(0))?;
    let same = UnchangedReader { file: file.take(size), hash: Sha256::new(), sha256 };
    let reader = SourceReader::over_reader(index, Box::new(same));
    Ok(HashedSource {
        reading: OpenSource { source: index, reader, streamed: true },
        sha256,
        size,
        etag: None,
    })
}

/// Copies input that can be read only once to a separate file.
fn spool_to_file(from: &mut impl Read, folder: &Path) -> std::io::Result<File> {
    let mut file = tempfile::tempfile_in(folder)?;
    std::io::copy(from, &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// A file that is read again. At its end, it is an error if the content is not what was hashed before.
struct UnchangedReader {
    file: std::io::Take<File>,
    hash: Sha256,
    sha256: [u8; 32],
}

impl Read for UnchangedReader {
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

    use saltmine_scan::{BlockPool, ReadStatus, SourceState};

    use super::*;

    /// Opens a file that is too large to be read at once, changes it, and reads it. Returns its state, the
    /// problem, and the number of bytes read.
    fn read_after(change: impl FnOnce(&mut File)) -> (SourceState, String, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "0123456789abcde\n".repeat((MAX_IN_MEMORY / 16) as usize + 10)).unwrap();
        let source = Source::file(path.clone(), "log".into());
        let opened = open_file(0, File::open(&source.path).unwrap(), folder.path()).unwrap();
        assert_eq!((opened.size, opened.reading.streamed), (MAX_IN_MEMORY + 160, true));
        let mut reader = opened.reading.reader;
        change(&mut std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap());
        while reader.fill(&mut BlockPool::new().block()) == ReadStatus::Full {}
        let problem = reader.problem().map_or_else(String::new, |problem| problem.message.clone());
        (reader.state(), problem, reader.inflated())
    }

    #[test]
    fn growth_of_a_file_while_it_is_read_is_left_for_the_next_run() {
        let (state, _, bytes) = read_after(|file| {
            file.seek(SeekFrom::End(0)).unwrap();
            file.write_all(b"more\n").unwrap();
        });
        assert_eq!((state, bytes), (SourceState::Complete, MAX_IN_MEMORY + 160));
    }

    #[test]
    fn a_file_that_changes_or_shrinks_while_it_is_read_is_detected() {
        let changed = read_after(|file| {
            file.seek(SeekFrom::Start(MAX_IN_MEMORY)).unwrap();
            file.write_all(b"X").unwrap();
        });
        let shrunk = read_after(|file| file.set_len(MAX_IN_MEMORY).unwrap());
        for (state, problem, _) in [changed, shrunk] {
            assert_eq!(
                (state, problem.as_str()),
                (SourceState::Unreadable, "the file changed while it was read")
            );
        }
    }
}
