//! File operations that last: what they did is on the disk when they return.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::LakeError;

/// Makes the names in a folder last.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), LakeError> {
    let sync = || File::open(folder)?.sync_all();
    sync().map_err(LakeError::io("sync the folder", folder))
}

/// Makes a file's content last.
pub(crate) fn sync_file(path: &Path) -> Result<(), LakeError> {
    let sync = || File::open(path)?.sync_all();
    sync().map_err(LakeError::io("sync", path))
}

/// Makes a folder and what is missing above it, and makes their names last.
pub(crate) fn make_folder(folder: &Path) -> Result<(), LakeError> {
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

/// Writes a file that is whole or not there, whatever happens meanwhile.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), LakeError> {
    let temporary = path.with_extension("tmp");
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(LakeError::io("write", &temporary))?;
    fs::rename(&temporary, path).map_err(LakeError::io("rename", &temporary))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Removes a file; one that is not there is as good.
pub(crate) fn remove_file(path: &Path) -> Result<(), LakeError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(LakeError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a folder and all in it; one that is not there is as good.
pub(crate) fn remove_folder(path: &Path) -> Result<(), LakeError> {
    // Who was thought lost may still write there; once the folders inside are gone, it cannot.
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

/// SHA-256 of a file's bytes, and how many there are.
pub(crate) fn hash_file(path: &Path) -> Result<([u8; 32], u64), LakeError> {
    let hash = || {
        let mut sink = HashingWriter::new(io::sink());
        io::copy(&mut File::open(path)?, &mut sink)?;
        Ok(sink.finish())
    };
    let (_, sha256, size) = hash().map_err(LakeError::io("read", path))?;
    Ok((sha256, size))
}

/// A writer that knows the SHA-256 of what went through it.
pub(crate) struct HashingWriter<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> HashingWriter<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), size: 0 }
    }

    /// The hash of what was written so far, and its number of bytes.
    pub(crate) fn digest(&self) -> ([u8; 32], u64) {
        (self.hash.clone().finalize().into(), self.size)
    }

    /// The writer below, the hash, and the number of bytes written.
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
