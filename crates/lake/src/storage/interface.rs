//! The interface of every storage.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use object_store::ObjectStore;
use url::Url;

use crate::error::LakeError;
use crate::storage::opener::Opener;
use crate::storage::path::DatasetPath;

/// The storage for the files of one dataset.
pub(crate) trait Storage: fmt::Debug + Send + Sync {
    /// The dataset's folder: an absolute path, or `s3://bucket/key`.
    fn root(&self) -> &Path;

    /// The location of a file below [`Storage::root`].
    fn path(&self, file: &DatasetPath) -> PathBuf {
        self.root().join(file.as_str())
    }

    /// The folder for files that are not data: the lock and the open rounds.
    fn state(&self) -> DatasetPath;

    /// Whether [`Storage::place`] moves files that are already in the storage, which takes no time. Otherwise
    /// it copies them, and the files of a round wait on the local disk.
    fn moves_files(&self) -> bool;

    /// The object stores through which deltalake reads the table in a folder.
    fn delta(&self, table: &DatasetPath) -> Result<DeltaStores, LakeError>;

    /// The entries of a folder, by name; empty if the folder does not exist.
    fn list(&self, folder: &DatasetPath) -> Result<Vec<Entry>, LakeError>;

    /// All files below a folder, at any depth; empty if the folder does not exist.
    fn walk(&self, folder: &DatasetPath) -> Result<Vec<FoundEntry>, LakeError>;

    /// The entries of the dataset's folder; empty if it does not exist.
    fn list_root(&self) -> Result<Vec<Entry>, LakeError>;

    /// Names in a folder that begin with a text; in S3 only the first page of them.
    fn names(&self, folder: &DatasetPath, beginning: &str) -> Result<Vec<String>, LakeError>;

    /// The content of a small file; `None` if it does not exist.
    fn read(&self, file: &DatasetPath) -> Result<Option<SmallFile>, LakeError>;

    /// Refuses files that a reader must not open: those that are not regular files, or are behind a link.
    /// Missing files are not refused.
    fn check(&self, files: &[DatasetPath]) -> Result<(), LakeError>;

    /// Opens files of these sizes, one after the other.
    fn opener(&self, files: &[(DatasetPath, u64)]) -> Result<Opener, LakeError>;

    /// The file on the local disk: the file itself, or a copy in `folder`.
    fn fetch(&self, file: &DatasetPath, size: u64, folder: &Path) -> Result<LocalFile, LakeError>;

    /// The files that do not exist.
    fn missing(&self, files: &[DatasetPath]) -> Result<Vec<DatasetPath>, LakeError>;

    /// Creates the dataset's folder.
    fn make_root(&self) -> Result<(), LakeError>;

    /// Creates a folder and its parents.
    fn make_folder(&self, folder: &DatasetPath) -> Result<(), LakeError>;

    /// Removes an empty folder. No error if it does not exist.
    fn remove_folder(&self, folder: &DatasetPath) -> Result<(), LakeError>;

    /// Writes a new file, atomically. `None` if it already exists.
    fn create(&self, file: &DatasetPath, content: &[u8]) -> Result<Option<Version>, LakeError>;

    /// Replaces a file that still has this version, atomically. `None` if it has another one.
    fn replace(
        &self,
        file: &DatasetPath,
        content: &[u8],
        version: &Version,
    ) -> Result<Option<Version>, LakeError>;

    /// Moves or copies files from the local disk to their places. Returns those that are in neither place.
    fn place(&self, files: &[(PathBuf, DatasetPath)]) -> Result<Vec<DatasetPath>, LakeError>;

    /// Removes files. No error for those that do not exist.
    fn remove(&self, files: &[DatasetPath]) -> Result<(), LakeError>;

    /// Makes the entries of a folder durable, and the content of those files for which `is_wanted` returns
    /// true.
    fn sync(&self, folder: &DatasetPath, is_wanted: &dyn Fn(&str) -> bool) -> Result<(), LakeError>;

    /// Removes files that an interrupted writer left incomplete in the logs of tables. Readers never see
    /// them.
    fn remove_temporary_files(&self, logs: &[DatasetPath]) -> Result<(), LakeError>;

    /// Takes the writers' lock. If another process has it, calls `on_wait` once and waits until `stop`
    /// becomes true.
    fn lock(&self, on_wait: &dyn Fn(), stop: Option<&AtomicBool>) -> Result<Box<dyn Lock>, LakeError>;

    /// Shares the writers' lock, so that no writer can begin; `None` if there is no lock to share: in a copy
    /// on a read-only medium, and in S3.
    fn share_lock(&self) -> Result<Option<Box<dyn Lock>>, LakeError>;
}

/// The writers' lock, held until dropped.
pub(crate) trait Lock: fmt::Debug + Send + Sync {
    /// Fails if the lock has been lost.
    fn check(&self) -> Result<(), LakeError>;
}

/// The access to a table that deltalake needs.
pub(crate) struct DeltaStores {
    /// Paths are relative to `root`.
    pub(crate) root: Arc<dyn ObjectStore>,
    /// The table's folder.
    pub(crate) prefix: object_store::path::Path,
    /// The table's folder as a URL.
    pub(crate) location: Url,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// The name. If it is not valid UTF-8, invalid bytes are replaced and the kind is [`Kind::Other`].
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// An entry somewhere below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundEntry {
    /// The path relative to the folder. If it is not valid UTF-8, invalid bytes are replaced and the kind is
    /// [`Kind::Other`].
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Size in bytes; 0 if it is not a file.
    pub(crate) size: u64,
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    File,
    Folder,
    /// A link, a FIFO, a device, or a name that is not valid UTF-8: never followed, opened or removed.
    Other,
}

/// The content of a small file.
#[derive(Clone, Debug)]
pub(crate) struct SmallFile {
    pub(crate) content: Bytes,
    pub(crate) version: Version,
}

/// Identifies the content of a file in S3: its ETag. Empty on disk, where the writers' lock suffices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version(pub(crate) String);

/// A file on the local disk. If it is a copy, dropping this removes it.
#[derive(Debug)]
pub(crate) struct LocalFile {
    pub(crate) path: PathBuf,
    pub(crate) copy: Option<tempfile::TempPath>,
}

/// The maximum size of a note, so that a planted one cannot use up all memory. The notes of the largest
/// rounds are a tenth of this.
pub(crate) const MAX_NOTE_BYTES: u64 = 256 << 20;
