//! What a storage does, whatever is behind it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use object_store::ObjectStore;
use url::Url;

use crate::error::LakeError;
use crate::storage::opener::Opener;
use crate::storage::path::Inside;

/// Where the files of one dataset live.
pub(crate) trait Storage: fmt::Debug + Send + Sync {
    /// The dataset's folder: an absolute path, or `s3://bucket/key`.
    fn root(&self) -> &Path;

    /// Where a file is, below [`Storage::root`].
    fn path(&self, file: &Inside) -> PathBuf {
        self.root().join(file.as_str())
    }

    /// The folder for what is not data: the lock, and the rounds that are open.
    fn state(&self) -> Inside;

    /// Whether [`Storage::place`] moves files that are in the storage already, which takes no time. If not, it copies them,
    /// and the files of a round wait on the local disk.
    fn moves_files(&self) -> bool;

    /// How deltalake reads the table in a folder.
    fn delta(&self, table: &Inside) -> Result<DeltaStores, LakeError>;

    /// What is in a folder, by name; nothing if there is no such folder.
    fn list(&self, folder: &Inside) -> Result<Vec<Entry>, LakeError>;

    /// All that is in a folder and in those below it, but for the folders; nothing if there is no such folder.
    fn walk(&self, folder: &Inside) -> Result<Vec<Found>, LakeError>;

    /// What is in the dataset's folder; nothing if there is no such folder.
    fn list_root(&self) -> Result<Vec<Entry>, LakeError>;

    /// Names in a folder that begin with a text; in S3 the first of them.
    fn names(&self, folder: &Inside, beginning: &str) -> Result<Vec<String>, LakeError>;

    /// The content of a small file; `None` if there is no such file.
    fn read(&self, file: &Inside) -> Result<Option<SmallFile>, LakeError>;

    /// Refuses a file that a reader must not open: one that is not a file, or behind a link. One that is not there is not
    /// refused.
    fn check(&self, files: &[Inside]) -> Result<(), LakeError>;

    /// Opens files, of these sizes, one after the other.
    fn opener(&self, files: &[(Inside, u64)]) -> Result<Opener, LakeError>;

    /// The file on the local disk: itself, or a copy in `folder`.
    fn fetch(&self, file: &Inside, size: u64, folder: &Path) -> Result<LocalFile, LakeError>;

    /// Those of the files that do not exist.
    fn missing(&self, files: &[Inside]) -> Result<Vec<Inside>, LakeError>;

    /// Makes the dataset's folder.
    fn make_root(&self) -> Result<(), LakeError>;

    /// Makes a folder and those above it.
    fn make_folder(&self, folder: &Inside) -> Result<(), LakeError>;

    /// Removes a folder that is empty. No error if it does not exist.
    fn remove_folder(&self, folder: &Inside) -> Result<(), LakeError>;

    /// Writes a file that does not exist, all of it or nothing. `None` if it exists.
    fn create(&self, file: &Inside, content: &[u8]) -> Result<Option<Version>, LakeError>;

    /// Writes a file anew that still has the version, all of it or nothing. `None` if it has another.
    fn replace(&self, file: &Inside, content: &[u8], version: &Version)
    -> Result<Option<Version>, LakeError>;

    /// Brings files of the local disk to their places. Gives those that are neither here nor there.
    fn place(&self, files: &[(PathBuf, Inside)]) -> Result<Vec<Inside>, LakeError>;

    /// Removes files. No error for those that do not exist.
    fn remove(&self, files: &[Inside]) -> Result<(), LakeError>;

    /// Makes the names in a folder last, and the content of those of its files that `is_wanted` wants.
    fn sync(&self, folder: &Inside, is_wanted: &dyn Fn(&str) -> bool) -> Result<(), LakeError>;

    /// Removes what an interrupted writer left half written in the logs of tables. Readers never see it.
    fn tidy(&self, logs: &[Inside]) -> Result<(), LakeError>;

    /// Takes the writers' lock. While another process has it, `on_wait` is called once and this waits, until `stop` becomes
    /// true.
    fn lock(&self, on_wait: &dyn Fn(), stop: Option<&AtomicBool>) -> Result<Box<dyn Lock>, LakeError>;

    /// Shares the writers' lock, so that no writer begins; `None` where there is no lock to share: in a copy on a read-only
    /// medium, and in S3.
    fn share_lock(&self) -> Result<Option<Box<dyn Lock>>, LakeError>;
}

/// The writers' lock, held until dropped.
pub(crate) trait Lock: fmt::Debug + Send + Sync {
    /// Fails if the lock was lost.
    fn check(&self) -> Result<(), LakeError>;
}

/// What deltalake needs to read a table.
pub(crate) struct DeltaStores {
    /// Paths are relative to `root`.
    pub(crate) root: Arc<dyn ObjectStore>,
    /// The table's folder.
    pub(crate) prefix: object_store::path::Path,
    /// The same as a URL.
    pub(crate) location: Url,
}

/// What is in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// Its name. What is not UTF-8 in it is replaced, and its kind is [`Kind::Other`].
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// What is somewhere below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its path relative to the folder; what is not UTF-8 in it is replaced, and its kind is [`Kind::Other`].
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Bytes; 0 of what is not a file.
    pub(crate) size: u64,
}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    File,
    Folder,
    /// A link, a FIFO, a device or a name that is not UTF-8: never followed, opened or removed.
    Other,
}

/// A small file that was read.
#[derive(Clone, Debug)]
pub(crate) struct SmallFile {
    pub(crate) content: Bytes,
    pub(crate) version: Version,
}

/// What changes with the content of a file in S3: its ETag. On the disk, where the writers' lock is enough, nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version(pub(crate) String);

/// A file on the local disk. A copy is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct LocalFile {
    pub(crate) path: PathBuf,
    pub(crate) copy: Option<tempfile::TempPath>,
}

/// Notes are not larger than this, so that a planted one cannot take all memory. Those of the largest rounds have a tenth.
pub(crate) const LARGEST_NOTE: u64 = 256 << 20;
