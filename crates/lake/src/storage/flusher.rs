//! Writes files out to disk while others are being made, so the syncs before a commit have little to do.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::error::LakeError;

/// The maximum number of waiting files. If the disk cannot keep up, the others are left to the syncs before
/// the commit.
const MAX_WAITING: usize = 16;

type PendingFile = (PathBuf, Arc<File>);

/// A thread that writes files out.
pub(crate) struct Flusher {
    files: SyncSender<PendingFile>,
    thread: JoinHandle<Result<(), LakeError>>,
}

impl Flusher {
    /// `None` if no thread can be started: the flusher only saves time.
    pub(crate) fn start() -> Option<Self> {
        let (files, waiting) = sync_channel(MAX_WAITING);
        let thread = Builder::new().name("flusher".to_owned()).spawn(move || write_out(&waiting)).ok()?;
        Some(Self { files, thread })
    }

    /// Writes out the bytes written to the file so far.
    pub(crate) fn flush(&self, path: &Path, file: &Arc<File>) {
        let _ = self.files.try_send((path.to_owned(), Arc::clone(file))); // the queue is full, or the thread ended with an error
    }

    /// Waits for the last file.
    ///
    /// # Errors
    /// If a file could not be written out. The system reports this once: a later sync may succeed although
    /// bytes were lost.
    pub(crate) fn finish(self) -> Result<(), LakeError> {
        drop(self.files);
        let lost = |_| LakeError::Threads("the thread that writes files out ended early".to_owned());
        self.thread.join().map_err(lost)?
    }
}

fn write_out(files: &Receiver<PendingFile>) -> Result<(), LakeError> {
    files.iter().try_for_each(|(path, file)| file.sync_data().map_err(LakeError::io("sync", &path)))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_out_is_named() {
        let path = Path::new("/dev/null"); // cannot be synced
        let file = Arc::new(File::options().write(true).open(path).unwrap());
        let flusher = Flusher::start().unwrap();
        flusher.flush(path, &file);
        let error = flusher.finish().unwrap_err().to_string();
        assert!(error.starts_with("/dev/null: cannot sync"), "{error}");
    }
}
