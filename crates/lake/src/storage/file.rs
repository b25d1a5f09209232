//! Operations on files on the local disk. They are durable when they return. Links are not followed, except
//! where stated.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::LakeError;
use crate::storage::{Entry, Kind};

pub(super) const NOT_A_FILE: &str = "not a file; links, FIFOs and devices in a dataset are not opened";
const NOT_A_FOLDER: &str = "not a folder; links in a dataset are not followed";

pub(super) fn foreign(path: &Path, problem: &str) -> LakeError {
    LakeError::Foreign { path: path.to_path_buf(), problem: problem.to_owned() }
}

/// Whether a folder exists. It is an error if the path is something else.
pub(super) fn is_folder(path: &Path) -> Result<bool, LakeError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => Err(foreign(path, NOT_A_FOLDER)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(LakeError::io("open", path)(error)),
    }
}

/// Whether the path exists.
pub(super) fn is_there(path: &Path) -> Result<bool, LakeError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(LakeError::io("open", path)(error)),
    }
}

/// The entries of a folder, in order of their names.
pub(super) fn entries(path: &Path) -> Result<Vec<Entry>, LakeError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(LakeError::io("list", path))? {
        let entry = entry.map_err(LakeError::io("list", path))?;
        let kind = entry.file_type().map_err(LakeError::io("list", path))?;
        let name = entry.file_name();
        let kind = match name.to_str() {
            Some(_) if kind.is_file() => Kind::File,
            Some(_) if kind.is_dir() => Kind::Folder,
            _ => Kind::Other,
        };
        entries.push(Entry { name: name.to_string_lossy().into_owned(), kind });
    }
    entries.sort();
    Ok(entries)
}

/// Opens a file of a dataset for reading.
///
/// # Errors
/// If it is a link, or not a regular file: opening a FIFO would block forever.
pub(crate) fn open_file(path: &Path) -> Result<File, LakeError> {
    let mut options = OpenOptions::new();
    open(path, options.read(true).clone())
}

pub(super) fn open(path: &Path, mut options: OpenOptions) -> Result<File, LakeError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = match options.open(path) {
        Ok(file) => file,
        // Systems report links differently; this gives a clear message.
        Err(_) if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file()) => {
            return Err(foreign(path, NOT_A_FILE));
        }
        Err(error) => return Err(LakeError::io("open", path)(error)),
    };
    let is_file = file.metadata().map_err(LakeError::io("open", path))?.is_file();
    if is_file { Ok(file) } else { Err(foreign(path, NOT_A_FILE)) }
}

/// Gives a file its name unless the name is taken. Uses a hard link (`link`) if the file system supports it,
/// otherwise a rename that replaces nothing.
pub(super) fn give_name(
    temporary: &Path,
    path: &Path,
    link: impl Fn(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    let linked = match link(temporary, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            // exFAT, FAT and some network file systems have no hard links, and report this in different ways.
            return match rename_to_new(temporary, path) {
                // If that fails too, the first error is more informative.
                Err(other) if other.kind() != ErrorKind::AlreadyExists => Err(error),
                Err(other) => {
                    fs::remove_file(temporary)?;
                    Err(other)
                }
                Ok(()) => Ok(()),
            };
        }
        linked => linked,
    };
    fs::remove_file(temporary)?;
    linked
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_to_new(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), LakeError> {
    let sync = || File::open(folder)?.sync_all();
    sync().map_err(LakeError::io("sync the folder", folder))
}

/// Makes the content of a file durable.
pub(crate) fn sync_file(path: &Path) -> Result<(), LakeError> {
    let sync = || File::open(path)?.sync_all();
    sync().map_err(LakeError::io("sync", path))
}

/// Makes a folder and any missing parents, durably.
pub(super) fn make_folder(folder: &Path) -> Result<(), LakeError> {
    match fs::create_dir(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
                return Err(LakeError::io("create the folder", folder)(error));
            };
            make_folder(parent)?;
            fs::create_dir(folder).or_else(|error| match error.kind() {
                ErrorKind::AlreadyExists => Ok(()),
                _ => Err(LakeError::io("create the folder", folder)(error)),
            })?;
        }
        Err(error) => return Err(LakeError::io("create the folder", folder)(error)),
    }
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => Ok(()),
    }
}

/// Removes a file. No error if it does not exist.
pub(super) fn remove_file(path: &Path) -> Result<(), LakeError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(LakeError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a folder of this run with its content. No error if it does not exist.
pub(crate) fn remove_folder(path: &Path) -> Result<(), LakeError> {
    // A process believed lost may still write there; it cannot once the inner folders are gone.
    let mut tries = 5;
    loop {
        match fs::remove_dir_all(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && tries > 0 => tries -= 1,
            Err(error) => return Err(LakeError::io("remove", path)(error)),
        }
    }
}

/// SHA-256 and size of a file of a dataset. Links are refused.
pub(crate) fn hash_own_file(path: &Path) -> Result<([u8; 32], u64), LakeError> {
    let mut file = open_file(path)?;
    let mut sink = HashingWriter::new(io::sink());
    io::copy(&mut file, &mut sink).map_err(LakeError::io("read", path))?;
    let (_, sha256, size) = sink.finish();
    Ok((sha256, size))
}

/// A writer that computes the SHA-256 of everything written.
pub(crate) struct HashingWriter<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> HashingWriter<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), size: 0 }
    }

    /// The hash of the bytes written so far, and their number.
    pub(crate) fn digest(&self) -> ([u8; 32], u64) {
        (self.hash.clone().finalize().into(), self.size)
    }

    /// The inner writer, the hash, and the number of bytes written.
    pub(crate) fn finish(self) -> (W, [u8; 32], u64) {
        (self.inner, self.hash.finalize().into(), self.size)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_get_their_names_without_hard_links() {
        let folder = tempfile::tempdir().unwrap();
        let unsupported = |_: &Path, _: &Path| Err(ErrorKind::Unsupported.into());
        let give = |content: &str, link: &dyn Fn(&Path, &Path) -> io::Result<()>| {
            let temporary = folder.path().join("tmp");
            fs::write(&temporary, content).unwrap();
            let given = give_name(&temporary, &folder.path().join("0.json"), link);
            assert!(!temporary.exists());
            given
        };
        give("first", &unsupported).unwrap();
        // A commit of another writer must not be replaced.
        assert_eq!(give("second", &unsupported).unwrap_err().kind(), ErrorKind::AlreadyExists);
        let linked = give("third", &|from, to| fs::hard_link(from, to));
        assert_eq!(linked.unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(folder.path().join("0.json")).unwrap(), "first");
    }
}
