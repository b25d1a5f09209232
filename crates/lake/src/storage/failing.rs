//! A storage that fails on purpose: it simulates a writer that dies, for tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use crate::error::LakeError;
use crate::storage::opener::Opener;
use crate::storage::{
    DatasetPath, DeltaStores, Entry, FoundEntry, LocalFile, Lock, SmallFile, Storage, Version,
};

/// Makes no more changes after a given number, like a process that was killed.
#[derive(Debug)]
pub(crate) struct FailingStorage {
    inner: Arc<dyn Storage>,
    left: AtomicI64,
    /// If files must be copied before reading, as in S3: the most copies that there were at a time.
    copies: Option<Arc<AtomicUsize>>,
}

impl FailingStorage {
    /// Never fails, but files must be copied before reading, as in S3.
    pub(crate) fn copying(inner: Arc<dyn Storage>, most: Arc<AtomicUsize>) -> Self {
        Self { inner, left: AtomicI64::new(i64::MAX), copies: Some(most) }
    }

    /// Makes `steps` changes and fails at every later one.
    pub(crate) fn after(steps: u32, inner: Arc<dyn Storage>) -> Self {
        Self { inner, left: AtomicI64::new(steps.into()), copies: None }
    }

    fn step(&self) -> Result<(), LakeError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 { Ok(()) } else { Err(LakeError::Crash) }
    }
}

impl Storage for FailingStorage {
    fn root(&self) -> &Path {
        self.inner.root()
    }

    fn state(&self) -> DatasetPath {
        self.inner.state()
    }

    fn moves_files(&self) -> bool {
        self.inner.moves_files()
    }

    fn delta(&self, table: &DatasetPath) -> Result<DeltaStores, LakeError> {
        self.inner.delta(table)
    }

    fn list(&self, folder: &DatasetPath) -> Result<Vec<Entry>, LakeError> {
        self.inner.list(folder)
    }

    fn walk(&self, folder: &DatasetPath) -> Result<Vec<FoundEntry>, LakeError> {
        self.inner.walk(folder)
    }

    fn list_root(&self) -> Result<Vec<Entry>, LakeError> {
        self.inner.list_root()
    }

    fn names(&self, folder: &DatasetPath, beginning: &str) -> Result<Vec<String>, LakeError> {
        self.inner.names(folder, beginning)
    }

    fn read(&self, file: &DatasetPath) -> Result<Option<SmallFile>, LakeError> {
        self.inner.read(file)
    }

    fn check(&self, files: &[DatasetPath]) -> Result<(), LakeError> {
        self.inner.check(files)
    }

    fn opener(&self, files: &[(DatasetPath, u64)]) -> Result<Opener, LakeError> {
        self.inner.opener(files)
    }

    fn fetch(&self, file: &DatasetPath, size: u64, folder: &Path) -> Result<LocalFile, LakeError> {
        let fetched = self.inner.fetch(file, size, folder)?;
        let Some(most) = &self.copies else { return Ok(fetched) };
        let copy = tempfile::Builder::new().suffix(".copy").tempfile_in(folder).and_then(|copy| {
            std::fs::copy(&fetched.path, copy.path())?;
            Ok(copy.into_temp_path())
        });
        let copy = copy.map_err(LakeError::io("copy", &fetched.path))?;
        let entries = std::fs::read_dir(folder).map_err(LakeError::io("list", folder))?.flatten();
        let copies = entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "copy"));
        most.fetch_max(copies.count(), Ordering::SeqCst);
        Ok(LocalFile { path: copy.to_path_buf(), copy: Some(copy) })
    }

    fn missing(&self, files: &[DatasetPath]) -> Result<Vec<DatasetPath>, LakeError> {
        self.inner.missing(files)
    }

    fn make_root(&self) -> Result<(), LakeError> {
        self.step()?;
        self.inner.make_root()
    }

    fn make_folder(&self, folder: &DatasetPath) -> Result<(), LakeError> {
        self.step()?;
        self.inner.make_folder(folder)
    }

    fn remove_folder(&self, folder: &DatasetPath) -> Result<(), LakeError> {
        self.step()?;
        self.inner.remove_folder(folder)
    }

    fn create(&self, file: &DatasetPath, content: &[u8]) -> Result<Option<Version>, LakeError> {
        self.step()?;
        self.inner.create(file, content)
    }

    fn replace(
        &self,
        file: &DatasetPath,
        content: &[u8],
        version: &Version,
    ) -> Result<Option<Version>, LakeError> {
        self.step()?;
        self.inner.replace(file, content, version)
    }

    /// One by one, so that it can die in between.
    fn place(&self, files: &[(PathBuf, DatasetPath)]) -> Result<Vec<DatasetPath>, LakeError> {
        let mut lost = Vec::new();
        for file in files {
            self.step()?;
            lost.extend(self.inner.place(std::slice::from_ref(file))?);
        }
        Ok(lost)
    }

    fn remove(&self, files: &[DatasetPath]) -> Result<(), LakeError> {
        for file in files {
            self.step()?;
            self.inner.remove(std::slice::from_ref(file))?;
        }
        Ok(())
    }

    fn sync(&self, folder: &DatasetPath, is_wanted: &dyn Fn(&str) -> bool) -> Result<(), LakeError> {
        self.step()?;
        self.inner.sync(folder, is_wanted)
    }

    fn remove_temporary_files(&self, logs: &[DatasetPath]) -> Result<(), LakeError> {
        self.step()?;
        self.inner.remove_temporary_files(logs)
    }

    fn lock(&self, on_wait: &dyn Fn(), stop: Option<&AtomicBool>) -> Result<Box<dyn Lock>, LakeError> {
        self.inner.lock(on_wait, stop)
    }

    fn share_lock(&self) -> Result<Option<Box<dyn Lock>>, LakeError> {
        self.inner.share_lock()
    }
}
