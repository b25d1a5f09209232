//! A dataset on the local disk. Every operation is durable when it returns.
//!
//! A dataset may come from someone else: links inside it are not followed, and only regular files are opened.
//! The dataset's own folder may be reached through a link, because the user named it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use url::Url;
use uuid::Uuid;

use crate::error::LakeError;
pub(crate) use crate::storage::file::{
    HashingWriter, hash_own_file, open_file, remove_folder, sync_file, sync_folder,
};
use crate::storage::file::{
    NOT_A_FILE, entries, foreign, give_name, is_folder, is_there, make_folder, open, remove_file,
};
use crate::storage::opener::Opener;
use crate::storage::{
    DatasetPath, DeltaStores, Entry, FoundEntry, Kind, LocalFile, Lock, MAX_NOTE_BYTES, SmallFile, Storage,
    Version,
};

/// Folder for files that are not data.
const STATE_FOLDER: DatasetPath = DatasetPath::fixed(".saltmine");
/// Files under construction, in [`STATE_FOLDER`]; they get their final names when they are complete.
const TMP_FOLDER: DatasetPath = DatasetPath::fixed(".saltmine/tmp");
/// The lock, in [`STATE_FOLDER`].
const LOCK_NAME: DatasetPath = DatasetPath::fixed(".saltmine/lock");

/// A dataset's folder on the local disk.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    root: PathBuf,
}

impl Disk {
    /// A folder, which need not exist.
    pub(crate) fn at(path: &Path) -> Result<Self, LakeError> {
        let root = match fs::canonicalize(path) {
            Ok(root) => root,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                std::path::absolute(path).map_err(LakeError::io("find", path))?
            }
            Err(error) => return Err(LakeError::io("open", path)(error)),
        };
        Ok(Self { root })
    }

    /// The path of an entry, after checking that every existing folder above it is a folder and not a link.
    fn checked(&self, at: &DatasetPath) -> Result<PathBuf, LakeError> {
        let mut path = self.root.clone();
        let mut names = at.as_str().split('/').peekable();
        while let Some(name) = names.next() {
            path.push(name);
            if names.peek().is_some() && !is_folder(&path)? {
                path.extend(names);
                break;
            }
        }
        Ok(path)
    }

    /// Like [`Disk::checked`], for a folder that must not be a link either. `None` if it does not exist.
    fn folder(&self, at: &DatasetPath) -> Result<Option<PathBuf>, LakeError> {
        let path = self.checked(at)?;
        Ok(is_folder(&path)?.then_some(path))
    }

    /// Writes a file that gets its final name later.
    fn write_temporary(&self, name: &str, content: &[u8]) -> Result<PathBuf, LakeError> {
        self.make_folder(&TMP_FOLDER)?;
        let temporary = self.path(&TMP_FOLDER).join(format!("{}-{name}", Uuid::new_v4().simple()));
        let write = || {
            let mut new = File::create_new(&temporary)?;
            new.write_all(content)?;
            new.sync_all()
        };
        write().map_err(LakeError::io("write", &temporary))?;
        Ok(temporary)
    }

    /// Opens a file for reading.
    pub(crate) fn open(&self, file: &DatasetPath) -> Result<File, LakeError> {
        open_file(&self.checked(file)?)
    }

    fn open_lock(&self, options: &OpenOptions) -> Result<Option<File>, LakeError> {
        let path = self.checked(&LOCK_NAME)?;
        match open(&path, options.clone()) {
            Err(LakeError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }
}

impl Storage for Disk {
    fn root(&self) -> &Path {
        &self.root
    }

    fn state(&self) -> DatasetPath {
        STATE_FOLDER
    }

    fn moves_files(&self) -> bool {
        true
    }

    fn delta(&self, table: &DatasetPath) -> Result<DeltaStores, LakeError> {
        let folder = self.checked(table)?;
        // The log's reader opens any entry with the name of a commit.
        let log = table.join("_delta_log")?;
        let mut open = vec![log];
        while let Some(next) = open.pop() {
            for entry in self.list(&next)? {
                match entry.kind {
                    Kind::File => {}
                    Kind::Folder => open.push(next.join_name(&entry.name)?),
                    Kind::Other => return Err(foreign(&self.path(&next).join(&entry.name), NOT_A_FILE)),
                }
            }
        }
        let wrong = || foreign(&folder, "not a path that can be part of a URL");
        Ok(DeltaStores {
            root: Arc::new(LocalFileSystem::new()),
            prefix: object_store::path::Path::from_absolute_path(&folder).map_err(|_| wrong())?,
            location: Url::from_directory_path(&folder).map_err(|()| wrong())?,
        })
    }

    fn list(&self, folder: &DatasetPath) -> Result<Vec<Entry>, LakeError> {
        self.folder(folder)?.map_or(Ok(Vec::new()), |path| entries(&path))
    }

    fn walk(&self, folder: &DatasetPath) -> Result<Vec<FoundEntry>, LakeError> {
        let Some(root) = self.folder(folder)? else { return Ok(Vec::new()) };
        let (mut found, mut open) = (Vec::new(), vec![String::new()]);
        while let Some(below) = open.pop() {
            for Entry { name, kind } in entries(&root.join(&below))? {
                let name = if below.is_empty() { name } else { format!("{below}/{name}") };
                if kind == Kind::Folder {
                    open.push(name);
                    continue;
                }
                // If it is removed in the meantime, its reader reports that.
                let size = fs::symlink_metadata(root.join(&name)).map_or(0, |metadata| metadata.len());
                found.push(FoundEntry { name, kind, size: if kind == Kind::File { size } else { 0 } });
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn list_root(&self) -> Result<Vec<Entry>, LakeError> {
        if self.root.exists() { entries(&self.root) } else { Ok(Vec::new()) }
    }

    fn names(&self, folder: &DatasetPath, beginning: &str) -> Result<Vec<String>, LakeError> {
        let entries = match self.list(folder) {
            // A folder that cannot be listed contains nothing readable.
            Err(LakeError::Io { .. }) => Vec::new(),
            entries => entries?,
        };
        Ok(entries.into_iter().map(|entry| entry.name).filter(|name| name.starts_with(beginning)).collect())
    }

    fn read(&self, file: &DatasetPath) -> Result<Option<SmallFile>, LakeError> {
        let path = self.checked(file)?;
        let mut options = OpenOptions::new();
        let opened = match open(&path, options.read(true).clone()) {
            Err(LakeError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut content = Vec::new();
        opened.take(MAX_NOTE_BYTES + 1).read_to_end(&mut content).map_err(LakeError::io("read", &path))?;
        if content.len() as u64 > MAX_NOTE_BYTES {
            return Err(foreign(&path, "larger than any file that saltmine writes here"));
        }
        Ok(Some(SmallFile { content: Bytes::from(content), version: Version(String::new()) }))
    }

    fn check(&self, files: &[DatasetPath]) -> Result<(), LakeError> {
        let mut folder = None;
        for file in files {
            // Files of one folder are adjacent: each folder is checked once.
            let parent = file.parent();
            let path = if folder.is_some() && folder == Some(parent.clone()) {
                self.path(file)
            } else {
                self.checked(file)?
            };
            folder = Some(parent);
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_file() => {}
                Ok(_) => return Err(foreign(&path, NOT_A_FILE)),
                // The reader will report it as missing.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(LakeError::io("open", &path)(error)),
            }
        }
        Ok(())
    }

    fn opener(&self, files: &[(DatasetPath, u64)]) -> Result<Opener, LakeError> {
        let (disk, files): (Self, Vec<DatasetPath>) =
            (self.clone(), files.iter().map(|(file, _)| file.clone()).collect());
        let open = move |index: usize| {
            let none = || LakeError::io("open", disk.root())(std::io::ErrorKind::NotFound.into());
            disk.open(files.get(index).ok_or_else(none)?)
        };
        Ok(Opener::Disk(Box::new(open)))
    }

    fn fetch(&self, file: &DatasetPath, _: u64, _: &Path) -> Result<LocalFile, LakeError> {
        Ok(LocalFile { path: self.checked(file)?, copy: None })
    }

    fn missing(&self, files: &[DatasetPath]) -> Result<Vec<DatasetPath>, LakeError> {
        let mut missing = Vec::new();
        for file in files {
            if !is_there(&self.checked(file)?)? {
                missing.push(file.clone());
            }
        }
        Ok(missing)
    }

    fn make_root(&self) -> Result<(), LakeError> {
        make_folder(&self.root)
    }

    fn make_folder(&self, folder: &DatasetPath) -> Result<(), LakeError> {
        let path = self.checked(folder)?;
        if is_folder(&path)? { Ok(()) } else { make_folder(&path) }
    }

    fn remove_folder(&self, folder: &DatasetPath) -> Result<(), LakeError> {
        let Some(path) = self.folder(folder)? else { return Ok(()) };
        match fs::remove_dir(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(LakeError::io("remove", &path)(error)),
            _ => path.parent().map_or(Ok(()), sync_folder),
        }
    }

    fn create(&self, file: &DatasetPath, content: &[u8]) -> Result<Option<Version>, LakeError> {
        let path = self.checked(file)?;
        let temporary = self.write_temporary(file.name(), content)?;
        match give_name(&temporary, &path, |from, to| fs::hard_link(from, to)) {
            Ok(()) => path.parent().map_or(Ok(()), sync_folder)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(LakeError::io("rename", &path)(error)),
        }
        Ok(Some(Version(String::new())))
    }

    fn replace(&self, file: &DatasetPath, content: &[u8], _: &Version) -> Result<Option<Version>, LakeError> {
        let path = self.checked(file)?;
        let temporary = self.write_temporary(file.name(), content)?;
        fs::rename(&temporary, &path).map_err(LakeError::io("rename", &temporary))?;
        path.parent().map_or(Ok(()), sync_folder)?;
        Ok(Some(Version(String::new())))
    }

    fn place(&self, files: &[(PathBuf, DatasetPath)]) -> Result<Vec<DatasetPath>, LakeError> {
        let mut lost = Vec::new();
        let mut changed = std::collections::BTreeSet::new();
        for (from, to) in files {
            let path = self.checked(to)?;
            match fs::symlink_metadata(from) {
                Ok(metadata) if metadata.is_file() => {}
                Ok(_) => return Err(foreign(from, NOT_A_FILE)),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    if !is_there(&path)? {
                        lost.push(to.clone());
                    }
                    continue;
                }
                Err(error) => return Err(LakeError::io("open", from)(error)),
            }
            if let Some(parent) = to.parent()
                && changed.insert(parent.clone())
            {
                self.make_folder(&parent)?;
            }
            fs::rename(from, &path).map_err(LakeError::io("rename", from))?;
        }
        changed.iter().try_for_each(|parent| sync_folder(&self.path(parent)))?;
        Ok(lost)
    }

    fn remove(&self, files: &[DatasetPath]) -> Result<(), LakeError> {
        files.iter().try_for_each(|file| remove_file(&self.checked(file)?))
    }

    fn sync(&self, folder: &DatasetPath, is_wanted: &dyn Fn(&str) -> bool) -> Result<(), LakeError> {
        let Some(path) = self.folder(folder)? else { return Ok(()) };
        for entry in self.list(folder)? {
            if entry.kind == Kind::File && is_wanted(&entry.name) {
                sync_file(&path.join(entry.name))?;
            }
        }
        sync_folder(&path)
    }

    fn remove_temporary_files(&self, logs: &[DatasetPath]) -> Result<(), LakeError> {
        // A commit that did not get its final name: UUID-NAME.
        let is_commit = |name: &str| {
            name.split_once('-').is_some_and(|(id, _)| id.len() == 32 && Uuid::try_parse(id).is_ok())
        };
        // The object store used by deltalake writes NAME#1 and renames it.
        let is_half_written = |name: &str| {
            let number = name.rsplit_once('#').map(|(_, number)| number);
            number.is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let tmp = self
            .list(&TMP_FOLDER)?
            .into_iter()
            .filter(|entry| is_commit(&entry.name))
            .map(|entry| (TMP_FOLDER, entry));
        let mut found: Vec<(DatasetPath, Entry)> = tmp.collect();
        for log in logs {
            let entries = self.list(log)?.into_iter().filter(|entry| is_half_written(&entry.name));
            found.extend(entries.map(|entry| (log.clone(), entry)));
        }
        for (folder, entry) in found {
            if entry.kind == Kind::File {
                self.remove(&[folder.join_name(&entry.name)?])?;
            }
        }
        Ok(())
    }

    fn lock(&self, on_wait: &dyn Fn(), stop: Option<&AtomicBool>) -> Result<Box<dyn Lock>, LakeError> {
        self.make_folder(&STATE_FOLDER)?;
        let path = self.path(&LOCK_NAME);
        let mut options = OpenOptions::new();
        let file = self.open_lock(options.create(true).truncate(false).write(true))?;
        let file = file.ok_or_else(|| LakeError::io("open", &path)(ErrorKind::NotFound.into()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                on_wait();
                match stop {
                    None => file.lock().map_err(LakeError::io("lock", &path))?,
                    Some(stop) => wait_for_lock(&file, &path, stop)?,
                }
            }
            Err(TryLockError::Error(error)) => return Err(LakeError::io("lock", &path)(error)),
        }
        Ok(Box::new(LockedFile(file)))
    }

    fn share_lock(&self) -> Result<Option<Box<dyn Lock>>, LakeError> {
        let mut options = OpenOptions::new();
        let file = match self.open_lock(options.read(true)) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(None),
            Err(LakeError::Io { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(Box::new(LockedFile(file)))),
            Err(TryLockError::WouldBlock) => Err(LakeError::Busy(self.root.clone())),
            Err(TryLockError::Error(_)) => Ok(None), // without locks there can be no writers
        }
    }
}

/// A locked file; closing it releases the lock.
#[derive(Debug)]
struct LockedFile(#[allow(dead_code)] File);

impl Lock for LockedFile {
    fn check(&self) -> Result<(), LakeError> {
        Ok(())
    }
}

/// A waiting process is not woken, so a wait that can be stopped has to poll.
fn wait_for_lock(file: &File, path: &Path, stop: &AtomicBool) -> Result<(), LakeError> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(LakeError::stopped());
        }
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::Error(error)) => return Err(LakeError::io("lock", path)(error)),
        }
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::tests::support::make_fifo;

    fn file(name: &str) -> DatasetPath {
        DatasetPath::fixed("logs").join(name).unwrap()
    }

    #[test]
    fn links_in_a_dataset_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (outside, root) = (folder.path().join("outside"), folder.path().join("dataset"));
        fs::create_dir_all(root.join("logs/day")).unwrap();
        fs::create_dir_all(&outside).unwrap();
        fs::write(outside.join("kept"), "x").unwrap();
        symlink(&outside, root.join("logs/link")).unwrap();
        symlink(outside.join("kept"), root.join("logs/day/link")).unwrap();
        let disk = Disk::at(&root).unwrap();
        let staged = root.join("staged");
        fs::write(&staged, "y").unwrap();
        let through = file("link/kept");
        let refused = [
            disk.read(&through).map(drop),
            disk.read(&file("day/link")).map(drop),
            disk.list(&file("link")).map(drop),
            disk.check(std::slice::from_ref(&through)),
            disk.check(&[file("day/link")]),
            disk.opener(&[(file("day/link"), 1)]).and_then(|opener| opener.open(0)).map(drop),
            disk.create(&file("link/new"), b"z").map(drop),
            disk.place(&[(staged.clone(), file("link/new"))]).map(drop),
            disk.place(&[(root.join("logs/day/link"), file("day/new"))]).map(drop),
            disk.remove(&[through]),
            disk.make_folder(&file("link/new")),
            disk.remove_folder(&file("link")),
        ];
        for (number, refused) in refused.into_iter().enumerate() {
            assert!(matches!(refused, Err(LakeError::Foreign { .. })), "{number}: {refused:?}");
        }
        let left: Vec<_> = fs::read_dir(&outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["kept"]);
        assert!(staged.exists());
    }

    #[test]
    fn opening_a_fifo_does_not_block() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".saltmine")).unwrap();
        let fifo = folder.path().join(".saltmine/lock");
        make_fifo(&fifo);
        let disk = Disk::at(folder.path()).unwrap();
        for refused in [disk.lock(&|| {}, None).map(drop), disk.share_lock().map(drop)] {
            assert!(matches!(refused, Err(LakeError::Foreign { .. })), "{refused:?}");
        }
        assert!(matches!(open_file(&fifo), Err(LakeError::Foreign { .. })));
    }
}
