//! A dataset in S3, below a key of a bucket.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::future::try_join_all;
use object_store::ObjectStore;
use saltmine_s3::{Bucket, Condition, Object, Problem, S3Error, S3Url, upload, wait};
use url::Url;

use crate::error::LakeError;
use crate::storage::lease::Lease;
use crate::storage::opener::Opener;
use crate::storage::{
    DeltaStores, Entry, Found, Inside, Kind, LARGEST_NOTE, LocalFile, Lock, SmallFile, Storage, Version,
};

/// Folder for files that are not data: other readers ignore names that begin with an underscore.
const STATE: Inside = Inside::fixed("_saltmine");
/// The lock, in [`STATE`].
const LOCK: Inside = Inside::fixed("_saltmine/lock");

/// The number of files uploaded concurrently, each in up to four parts of 8 MiB.
const FILES_AT_A_TIME: usize = 4;

/// A dataset's folder in S3.
#[derive(Clone, Debug)]
pub(crate) struct InBucket {
    bucket: Arc<Bucket>,
    /// Key of the dataset's folder, without a trailing slash.
    key: String,
    root: PathBuf,
}

impl InBucket {
    /// The folder at a key. Other tools that read the dataset treat keys as paths, so the key must be a valid
    /// path.
    pub(crate) fn at(url: &S3Url) -> Result<Self, LakeError> {
        let text = url.to_string();
        let root = PathBuf::from(text.trim_end_matches('/'));
        if object_store::path::Path::parse(&url.key).is_ok_and(|path| path.as_ref() == url.key) {
            return Ok(Self { bucket: Bucket::open(&url.bucket)?, key: url.key.clone(), root });
        }
        let problem = "no dataset can be stored there: a part of the key is empty or not a valid folder name";
        Err(LakeError::Unsupported { path: root, problem: problem.to_owned() })
    }

    fn key(&self, file: &Inside) -> String {
        if self.key.is_empty() { file.as_str().to_owned() } else { format!("{}/{file}", self.key) }
    }

    fn object(&self, file: &Inside, size: u64) -> Object {
        Object { bucket: Arc::clone(&self.bucket), key: self.key(file), size, etag: None }
    }

    /// The entries below a key that ends with a slash or is empty.
    fn entries(&self, prefix: String) -> Result<Vec<Entry>, LakeError> {
        let bucket = Arc::clone(&self.bucket);
        let found = wait(async move {
            let names = bucket.some_names(&prefix).await?;
            Ok(names.into_iter().filter_map(|name| name.strip_prefix(&prefix).map(str::to_owned)).collect())
        });
        let names: Vec<String> = found?;
        let entry = |name: String| match name.strip_suffix('/') {
            Some(folder) => Entry { name: folder.to_owned(), kind: Kind::Folder },
            None => Entry { name, kind: Kind::File },
        };
        let mut entries: Vec<Entry> = names.into_iter().map(entry).collect();
        entries.sort();
        Ok(entries)
    }

    /// Writes conditionally and returns the ETag; `None` if the condition does not hold.
    fn write(
        &self,
        file: &Inside,
        content: &[u8],
        same: Option<&Version>,
    ) -> Result<Option<Version>, LakeError> {
        let (bucket, key) = (Arc::clone(&self.bucket), self.key(file));
        let (content, same) = (content.to_vec(), same.cloned());
        let written = wait(async move {
            let condition = match &same {
                None => Condition::Absent,
                Some(Version(etag)) => Condition::Same(etag),
            };
            match bucket.put(&key, content.into(), condition).await? {
                Some(etag) => Ok(Version(etag)),
                None => {
                    let url = S3Url { bucket: bucket.name().to_owned(), key }.to_string();
                    let problem =
                        Problem::Other("the server returns no ETag, which a dataset requires".to_owned());
                    Err(S3Error { url, action: "write", problem })
                }
            }
        });
        match written {
            Ok(version) => Ok(Some(version)),
            Err(S3Error { problem: Problem::Precondition, .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a file if it still has this version. A delayed request must not remove what another writer
    /// wrote.
    pub(crate) fn remove_same(&self, file: &Inside, version: &Version) -> Result<(), LakeError> {
        let (bucket, key, etag) = (Arc::clone(&self.bucket), self.key(file), version.0.clone());
        Ok(wait(async move { bucket.delete_same(&key, &etag).await })?)
    }

    /// A small file and its age by the server's clock; `None` if the server does not say.
    pub(crate) fn read_with_age(
        &self,
        file: &Inside,
    ) -> Result<Option<(SmallFile, Option<std::time::Duration>)>, LakeError> {
        let (bucket, key) = (Arc::clone(&self.bucket), self.key(file));
        let Some(found) = wait(async move { bucket.find(&key).await })? else { return Ok(None) };
        let age = found.age();
        let version = Version(found.etag.unwrap_or_default());
        Ok(Some((SmallFile { content: found.content, version }, age)))
    }
}

impl Storage for InBucket {
    fn root(&self) -> &Path {
        &self.root
    }

    fn state(&self) -> Inside {
        STATE
    }

    fn moves_files(&self) -> bool {
        false
    }

    fn delta(&self, table: &Inside) -> Result<DeltaStores, LakeError> {
        let wrong = || LakeError::Unsupported {
            path: self.path(table),
            problem: "not a key that can be part of a URL".to_owned(),
        };
        let root: Arc<dyn ObjectStore> = self.bucket.store();
        let prefix = object_store::path::Path::parse(self.key(table)).map_err(|_| wrong())?;
        let mut location = Url::parse(&format!("s3://{}/", self.bucket.name())).map_err(|_| wrong())?;
        location
            .path_segments_mut()
            .map_err(|()| wrong())?
            .pop_if_empty()
            .extend(prefix.parts().map(|part| part.as_ref().to_owned()))
            .push("");
        Ok(DeltaStores { root, prefix, location })
    }

    fn list(&self, folder: &Inside) -> Result<Vec<Entry>, LakeError> {
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

    fn walk(&self, folder: &Inside) -> Result<Vec<Found>, LakeError> {
        let (bucket, prefix) = (Arc::clone(&self.bucket), format!("{}/", self.key(folder)));
        let below = prefix.clone();
        let objects = wait(async move { bucket.all(&below).await })?;
        let found = objects.iter().filter_map(|object| {
            let name = object.key.strip_prefix(&prefix)?.to_owned();
            Some(Found { name, kind: Kind::File, size: object.size })
        });
        let mut found: Vec<Found> = found.collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn list_root(&self) -> Result<Vec<Entry>, LakeError> {
        self.entries(if self.key.is_empty() { String::new() } else { format!("{}/", self.key) })
    }

    fn names(&self, folder: &Inside, beginning: &str) -> Result<Vec<String>, LakeError> {
        let (bucket, prefix) = (Arc::clone(&self.bucket), format!("{}/", self.key(folder)));
        let key = format!("{prefix}{beginning}");
        let first = wait(async move { bucket.first(&key).await })?;
        Ok(first.and_then(|object| object.key.strip_prefix(&prefix).map(str::to_owned)).into_iter().collect())
    }

    fn read(&self, file: &Inside) -> Result<Option<SmallFile>, LakeError> {
        let (bucket, key) = (Arc::clone(&self.bucket), self.key(file));
        // The size first, so that a planted file cannot use up all memory.
        let listed = key.clone();
        let first = wait({
            let bucket = Arc::clone(&bucket);
            async move { bucket.first(&listed).await }
        })?;
        if first.is_some_and(|object| object.key == key && object.size > LARGEST_NOTE) {
            let problem = "larger than any file that saltmine writes here".to_owned();
            return Err(LakeError::Foreign { path: self.path(file), problem });
        }
        Ok(self.read_with_age(file)?.map(|(small, _)| small))
    }

    fn check(&self, _: &[Inside]) -> Result<(), LakeError> {
        Ok(())
    }

    fn opener(&self, files: &[(Inside, u64)]) -> Result<Opener, LakeError> {
        Opener::ahead(files.iter().map(|(file, size)| self.object(file, *size)).collect())
    }

    fn fetch(&self, file: &Inside, size: u64, folder: &Path) -> Result<LocalFile, LakeError> {
        let object = self.object(file, size);
        let copy = || {
            let mut local = tempfile::Builder::new().suffix(".parquet").tempfile_in(folder)?;
            io::copy(&mut object.reader(), &mut local)?;
            Ok(local.into_temp_path())
        };
        let copy = copy().map_err(LakeError::io("read", &self.path(file)))?;
        Ok(LocalFile { path: copy.to_path_buf(), copy: Some(copy) })
    }

    fn missing(&self, files: &[Inside]) -> Result<Vec<Inside>, LakeError> {
        let asked = files.iter().cloned().map(|file| {
            let (bucket, key) = (Arc::clone(&self.bucket), self.key(&file));
            async move { Ok((!bucket.has(&key).await?).then_some(file)) }
        });
        let asked: Vec<_> = asked.collect();
        let missing: Vec<Option<Inside>> = wait(try_join_all(asked))?;
        Ok(missing.into_iter().flatten().collect())
    }

    fn make_root(&self) -> Result<(), LakeError> {
        Ok(())
    }

    fn make_folder(&self, _: &Inside) -> Result<(), LakeError> {
        Ok(())
    }

    fn remove_folder(&self, _: &Inside) -> Result<(), LakeError> {
        Ok(())
    }

    fn create(&self, file: &Inside, content: &[u8]) -> Result<Option<Version>, LakeError> {
        self.write(file, content, None)
    }

    fn replace(
        &self,
        file: &Inside,
        content: &[u8],
        version: &Version,
    ) -> Result<Option<Version>, LakeError> {
        self.write(file, content, Some(version))
    }

    fn place(&self, files: &[(PathBuf, Inside)]) -> Result<Vec<Inside>, LakeError> {
        let copies = files.iter().cloned().map(|(from, to)| {
            let (bucket, key) = (Arc::clone(&self.bucket), self.key(&to));
            async move { upload(&bucket, &from, &key).await }
        });
        let copies: Vec<_> = copies.collect();
        wait(async move {
            use futures::{StreamExt, TryStreamExt};
            futures::stream::iter(copies).buffer_unordered(FILES_AT_A_TIME).try_collect::<()>().await
        })?;
        Ok(Vec::new())
    }

    fn remove(&self, files: &[Inside]) -> Result<(), LakeError> {
        let asked = files.iter().map(|file| {
            let (bucket, key) = (Arc::clone(&self.bucket), self.key(file));
            async move { bucket.delete(&key).await }
        });
        let asked: Vec<_> = asked.collect();
        wait(try_join_all(asked))?;
        Ok(())
    }

    fn sync(&self, _: &Inside, _: &dyn Fn(&str) -> bool) -> Result<(), LakeError> {
        Ok(())
    }

    fn tidy(&self, _: &[Inside]) -> Result<(), LakeError> {
        Ok(())
    }

    fn lock(&self, on_wait: &dyn Fn(), stop: Option<&AtomicBool>) -> Result<Box<dyn Lock>, LakeError> {
        Ok(Box::new(Lease::take(self, LOCK, on_wait, stop)?))
    }

    fn share_lock(&self) -> Result<Option<Box<dyn Lock>>, LakeError> {
        Ok(None)
    }
}
