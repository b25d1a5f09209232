//! A dataset in S3, below a key of a bucket.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::future::try_join_all;
use object_store::ObjectStore;
use saltmine_s3::{S3Url, upload, wait};
use url::Url;

use crate::error::LakeError;
use crate::storage::bucket_folder::BucketFolder;
use crate::storage::lease::Lease;
use crate::storage::opener::Opener;
use crate::storage::{
    DatasetPath, DeltaStores, Entry, FoundEntry, Kind, LocalFile, Lock, MAX_NOTE_BYTES, SmallFile, Storage,
    Version,
};

/// Folder for files that are not data: other readers ignore names that begin with an underscore.
const STATE_FOLDER: DatasetPath = DatasetPath::fixed("_saltmine");
/// The lock, in [`STATE_FOLDER`].
const LOCK_NAME: DatasetPath = DatasetPath::fixed("_saltmine/lock");

/// The number of files uploaded concurrently, each in up to four parts of 8 MiB.
const CONCURRENT_UPLOADS: usize = 4;

/// A dataset in S3.
#[derive(Clone, Debug)]
pub(crate) struct BucketStorage(BucketFolder);

impl BucketStorage {
    /// The dataset at a key.
    ///
    /// # Errors
    /// If the key is not a valid path, which other readers need.
    pub(crate) fn at(url: &S3Url) -> Result<Self, LakeError> {
        BucketFolder::at(url).map(Self)
    }
}

impl Storage for BucketStorage {
    fn root(&self) -> &Path {
        &self.0.root
    }

    fn state(&self) -> DatasetPath {
        STATE_FOLDER
    }

    fn moves_files(&self) -> bool {
        false
    }

    fn delta(&self, table: &DatasetPath) -> Result<DeltaStores, LakeError> {
        let wrong = || LakeError::Unsupported {
            path: self.path(table),
            problem: "not a key that can be part of a URL".to_owned(),
        };
        let root: Arc<dyn ObjectStore> = self.0.bucket.store();
        let prefix = object_store::path::Path::parse(self.0.key(table)).map_err(|_| wrong())?;
        let mut location = Url::parse(&format!("s3://{}/", self.0.bucket.name())).map_err(|_| wrong())?;
        location
            .path_segments_mut()
            .map_err(|()| wrong())?
            .pop_if_empty()
            .extend(prefix.parts().map(|part| part.as_ref().to_owned()))
            .push("");
        Ok(DeltaStores { root, prefix, location })
    }

    fn list(&self, folder: &DatasetPath) -> Result<Vec<Entry>, LakeError> {
        // Everything below it: listed folders contain few files, and every page is read.
        let found = self.walk(folder)?;
        let entry = |name: &str| match name.split_once('/') {
            Some((folder, _)) => Entry { name: folder.to_owned(), kind: Kind::Folder },
            None => Entry { name: name.to_owned(), kind: Kind::File },
        };
        let mut entries: Vec<Entry> = found.iter().map(|found| entry(&found.name)).collect();
        entries.sort();
        entries.dedup();
        Ok(entries)
    }

    fn walk(&self, folder: &DatasetPath) -> Result<Vec<FoundEntry>, LakeError> {
        let (bucket, prefix) = (Arc::clone(&self.0.bucket), format!("{}/", self.0.key(folder)));
        let below = prefix.clone();
        let objects = wait(async move { bucket.all(&below).await })?;
        let found = objects.iter().filter_map(|object| {
            let name = object.key.strip_prefix(&prefix)?.to_owned();
            Some(FoundEntry { name, kind: Kind::File, size: object.size })
        });
        let mut found: Vec<FoundEntry> = found.collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn list_root(&self) -> Result<Vec<Entry>, LakeError> {
        self.0.entries(self.0.prefix())
    }

    fn names(&self, folder: &DatasetPath, beginning: &str) -> Result<Vec<String>, LakeError> {
        let (bucket, prefix) = (Arc::clone(&self.0.bucket), format!("{}/", self.0.key(folder)));
        let key = format!("{prefix}{beginning}");
        let first = wait(async move { bucket.first(&key).await })?;
        Ok(first.and_then(|object| object.key.strip_prefix(&prefix).map(str::to_owned)).into_iter().collect())
    }

    fn read(&self, file: &DatasetPath) -> Result<Option<SmallFile>, LakeError> {
        let (bucket, key) = (Arc::clone(&self.0.bucket), self.0.key(file));
        // The size first, so that a planted file cannot use up all memory.
        let listed = key.clone();
        let first = wait({
            let bucket = Arc::clone(&bucket);
            async move { bucket.first(&listed).await }
        })?;
        if first.is_some_and(|object| object.key == key && object.size > MAX_NOTE_BYTES) {
            let problem = "larger than any file that saltmine writes here".to_owned();
            return Err(LakeError::Foreign { path: self.path(file), problem });
        }
        Ok(self.0.read_with_age(file)?.map(|(small, _)| small))
    }

    fn check(&self, _: &[DatasetPath]) -> Result<(), LakeError> {
        Ok(())
    }

    fn opener(&self, files: &[(DatasetPath, u64)]) -> Result<Opener, LakeError> {
        Opener::ahead(files.iter().map(|(file, size)| self.0.object(file, *size)).collect())
    }

    fn fetch(&self, file: &DatasetPath, size: u64, folder: &Path) -> Result<LocalFile, LakeError> {
        let object = self.0.object(file, size);
        let copy = || {
            let mut local = tempfile::Builder::new().suffix(".parquet").tempfile_in(folder)?;
            io::copy(&mut object.reader(), &mut local)?;
            Ok(local.into_temp_path())
        };
        let copy = copy().map_err(LakeError::io("read", &self.path(file)))?;
        Ok(LocalFile { path: copy.to_path_buf(), copy: Some(copy) })
    }

    fn missing(&self, files: &[DatasetPath]) -> Result<Vec<DatasetPath>, LakeError> {
        let requests = files.iter().cloned().map(|file| {
            let (bucket, key) = (Arc::clone(&self.0.bucket), self.0.key(&file));
            async move { Ok((!bucket.has(&key).await?).then_some(file)) }
        });
        let requests: Vec<_> = requests.collect();
        let missing: Vec<Option<DatasetPath>> = wait(try_join_all(requests))?;
        Ok(missing.into_iter().flatten().collect())
    }

    fn make_root(&self) -> Result<(), LakeError> {
        Ok(())
    }

    fn make_folder(&self, _: &DatasetPath) -> Result<(), LakeError> {
        Ok(())
    }

    fn remove_folder(&self, _: &DatasetPath) -> Result<(), LakeError> {
        Ok(())
    }

    fn create(&self, file: &DatasetPath, content: &[u8]) -> Result<Option<Version>, LakeError> {
        self.0.write(file, content, None)
    }

    fn replace(
        &self,
        file: &DatasetPath,
        content: &[u8],
        version: &Version,
    ) -> Result<Option<Version>, LakeError> {
        self.0.write(file, content, Some(version))
    }

    fn place(&self, files: &[(PathBuf, DatasetPath)]) -> Result<Vec<DatasetPath>, LakeError> {
        let copies = files.iter().cloned().map(|(from, to)| {
            let (bucket, key) = (Arc::clone(&self.0.bucket), self.0.key(&to));
            async move { upload(&bucket, &from, &key).await }
        });
        let copies: Vec<_> = copies.collect();
        wait(async move {
            use futures::{StreamExt, TryStreamExt};
            futures::stream::iter(copies).buffer_unordered(CONCURRENT_UPLOADS).try_collect::<()>().await
        })?;
        Ok(Vec::new())
    }

    fn remove(&self, files: &[DatasetPath]) -> Result<(), LakeError> {
        let requests = files.iter().map(|file| {
            let (bucket, key) = (Arc::clone(&self.0.bucket), self.0.key(file));
            async move { bucket.delete(&key).await }
        });
        let requests: Vec<_> = requests.collect();
        wait(try_join_all(requests))?;
        Ok(())
    }

    fn sync(&self, _: &DatasetPath, _: &dyn Fn(&str) -> bool) -> Result<(), LakeError> {
        Ok(())
    }

    fn remove_temporary_files(&self, _: &[DatasetPath]) -> Result<(), LakeError> {
        Ok(())
    }

    fn lock(&self, on_wait: &dyn Fn(), stop: Option<&AtomicBool>) -> Result<Box<dyn Lock>, LakeError> {
        Ok(Box::new(Lease::take(&self.0, LOCK_NAME, on_wait, stop)?))
    }

    fn share_lock(&self) -> Result<Option<Box<dyn Lock>>, LakeError> {
        Ok(None)
    }
}
