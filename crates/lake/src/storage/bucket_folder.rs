//! A folder of a bucket: keys of its files, and conditional writes.

use std::path::PathBuf;
use std::sync::Arc;

use saltmine_s3::{Bucket, Condition, Object, Problem, S3Error, S3Url, wait};

use crate::error::LakeError;
use crate::storage::interface::{Entry, Kind, SmallFile, Version};
use crate::storage::path::DatasetPath;

/// A dataset's folder in S3: its keys, and conditional writes to them.
#[derive(Clone, Debug)]
pub(crate) struct BucketFolder {
    pub(crate) bucket: Arc<Bucket>,
    /// Key of the dataset's folder, without a trailing slash.
    key: String,
    pub(crate) root: PathBuf,
}

impl BucketFolder {
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

    pub(crate) fn path(&self, file: &DatasetPath) -> PathBuf {
        self.root.join(file.as_str())
    }

    pub(crate) fn key(&self, file: &DatasetPath) -> String {
        format!("{}{file}", self.prefix())
    }

    /// The prefix of the keys of all files.
    pub(crate) fn prefix(&self) -> String {
        if self.key.is_empty() { String::new() } else { format!("{}/", self.key) }
    }

    pub(crate) fn object(&self, file: &DatasetPath, size: u64) -> Object {
        Object { bucket: Arc::clone(&self.bucket), key: self.key(file), size, etag: None }
    }

    /// The entries below a key that ends with a slash or is empty.
    pub(crate) fn entries(&self, prefix: String) -> Result<Vec<Entry>, LakeError> {
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

    /// Writes if the file still has this version, or is absent for `None`, and returns the new version; `None` if the condition does not hold.
    pub(crate) fn write(
        &self,
        file: &DatasetPath,
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
    pub(crate) fn remove_if_unchanged(&self, file: &DatasetPath, version: &Version) -> Result<(), LakeError> {
        let (bucket, key, etag) = (Arc::clone(&self.bucket), self.key(file), version.0.clone());
        Ok(wait(async move { bucket.delete_if_unchanged(&key, &etag).await })?)
    }

    /// A small file and its age by the server's clock; `None` if the server does not say.
    pub(crate) fn read_with_age(
        &self,
        file: &DatasetPath,
    ) -> Result<Option<(SmallFile, Option<std::time::Duration>)>, LakeError> {
        let (bucket, key) = (Arc::clone(&self.bucket), self.key(file));
        let Some(found) = wait(async move { bucket.find(&key).await })? else { return Ok(None) };
        let age = found.age();
        let version = Version(found.etag.unwrap_or_default());
        Ok(Some((SmallFile { content: found.content, version }, age)))
    }
}
