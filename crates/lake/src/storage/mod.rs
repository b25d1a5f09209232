//! Files of a dataset by their paths, on the disk or in S3. A path that begins with `s3://` is one of S3.
//!
//! Where S3 has no such thing as a move, a lock or a folder, its way is another: see the round of a bucket
//! (`commit`) and [`lease`].

pub(crate) mod disk;
pub(crate) mod fault;
pub(crate) mod flusher;
pub(crate) mod lease;
pub(crate) mod path;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::future::try_join_all;
use saltmine_s3::{Ahead, Body, Bucket, Condition, Object, Problem, S3Error, S3Url, upload, wait};

use crate::error::LakeError;

/// Whether a path is one of S3.
pub(crate) fn is_remote(path: &Path) -> bool {
    S3Url::of_path(path).is_some()
}

/// The bucket and the key of a path of S3.
pub(crate) fn remote(path: &Path) -> Result<Option<(Arc<Bucket>, String)>, LakeError> {
    let Some(url) = S3Url::of_path(path) else { return Ok(None) };
    Ok(Some((Bucket::open(&url.bucket)?, url.key)))
}

/// The bucket and the key of a path that must be one of S3.
pub(crate) fn must_be_remote(path: &Path) -> Result<(Arc<Bucket>, String), LakeError> {
    let fault = || LakeError::Foreign { path: path.to_path_buf(), problem: "not a path of S3".to_owned() };
    remote(path)?.ok_or_else(fault)
}

/// Removes a file; one that is not there is as good.
pub(crate) fn remove_file(path: &Path) -> Result<(), LakeError> {
    match remote(path)? {
        None => disk::remove_file(path),
        Some((bucket, key)) => Ok(wait(async move { bucket.delete(&key).await })?),
    }
}

/// The keys of some of what is in a folder of S3: names of files, and of folders with a slash at their ends.
pub(crate) fn some_names(folder: &Path) -> Result<Vec<String>, LakeError> {
    let (bucket, key) = must_be_remote(folder)?;
    let prefix = below(&key);
    let names = wait(async move {
        let names = bucket.some_names(&prefix).await?;
        Ok(names.into_iter().filter_map(|name| name.strip_prefix(&prefix).map(str::to_owned)).collect())
    });
    Ok(names?)
}

/// The files in a folder of S3 and all below it, in the order of their names.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let (bucket, key) = must_be_remote(folder)?;
    let prefix = below(&key);
    let objects = wait(async move { bucket.all(&prefix).await })?;
    let mut files: Vec<PathBuf> = objects.iter().map(|object| PathBuf::from(object.url())).collect();
    files.sort();
    Ok(files)
}

/// What all keys below a folder begin with.
fn below(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!("{key}/") }
}

/// Those of the files that are not in S3.
pub(crate) fn missing(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, LakeError> {
    let asked = paths.into_iter().map(|path| {
        let (bucket, key) = must_be_remote(&path)?;
        Ok(async move { Ok((!bucket.has(&key).await?).then_some(path)) })
    });
    let asked = asked.collect::<Result<Vec<_>, LakeError>>()?;
    let missing: Vec<Option<PathBuf>> = wait(try_join_all(asked))?;
    Ok(missing.into_iter().flatten().collect())
}

/// Removes files of S3, at once.
pub(crate) fn remove_all(paths: &[PathBuf]) -> Result<(), LakeError> {
    let asked = paths.iter().map(|path| {
        let (bucket, key) = must_be_remote(path)?;
        Ok(async move { bucket.delete(&key).await })
    });
    let asked = asked.collect::<Result<Vec<_>, LakeError>>()?;
    wait(try_join_all(asked))?;
    Ok(())
}

/// Copies files of the disk to S3, several at once.
pub(crate) fn upload_all(files: &[(PathBuf, PathBuf)]) -> Result<(), LakeError> {
    let copies = files.iter().map(|(from, to)| {
        let (bucket, key) = must_be_remote(to)?;
        let from = from.clone();
        Ok(async move { upload(&bucket, &from, &key).await })
    });
    let copies = copies.collect::<Result<Vec<_>, LakeError>>()?;
    wait(async move {
        use futures::{StreamExt, TryStreamExt};
        futures::stream::iter(copies).buffer_unordered(FILES_AT_A_TIME).try_collect::<()>().await
    })?;
    Ok(())
}

/// Files that go up at a time, in up to four parts of 8 MiB each.
const FILES_AT_A_TIME: usize = 4;

/// A small file of S3, and its ETag.
pub(crate) fn read_note(path: &Path) -> Result<Option<(Bytes, Option<String>)>, LakeError> {
    let (bucket, key) = must_be_remote(path)?;
    let found = wait(async move { bucket.find(&key).await })?;
    Ok(found.map(|found| (found.content, found.etag)))
}

/// Writes a small file of S3 on a condition, and gives its ETag; `None` if the condition does not hold.
pub(crate) fn write_note(
    path: &Path,
    content: Vec<u8>,
    condition: OnCondition,
) -> Result<Option<String>, LakeError> {
    let (bucket, key) = must_be_remote(path)?;
    let written = wait(async move {
        let condition = match &condition {
            OnCondition::Absent => Condition::Absent,
            OnCondition::Same(etag) => Condition::Same(etag),
        };
        let etag = bucket.put(&key, content.into(), condition).await?;
        match etag {
            Some(etag) => Ok(etag),
            None => {
                let url = S3Url { bucket: bucket.name().to_owned(), key }.to_string();
                let problem = Problem::Other("the server tells no ETag, which a dataset needs".to_owned());
                Err(S3Error { url, action: "write", problem })
            }
        }
    });
    match written {
        Ok(etag) => Ok(Some(etag)),
        Err(S3Error { problem: Problem::Precondition, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// As [`Condition`], of its own.
#[derive(Clone, Debug)]
pub(crate) enum OnCondition {
    Absent,
    Same(String),
}

/// The content of a file that is to be read as a whole or in parts.
pub(crate) enum Content {
    Disk(fs::File),
    Memory(Bytes),
}

/// Opens files one after the other; those of S3 are read ahead.
pub(crate) struct Opener {
    ahead: Option<Ahead>,
}

impl Opener {
    /// For files with their sizes.
    pub(crate) fn new(files: &[(&Path, u64)]) -> Result<Self, LakeError> {
        let mut objects = Vec::new();
        for (index, (path, size)) in files.iter().enumerate() {
            if let Some((bucket, key)) = remote(path)? {
                objects.push((index, Object { bucket, key, size: *size, etag: None }));
            }
        }
        let ahead = if objects.is_empty() { None } else { Some(Ahead::start(objects)?) };
        Ok(Self { ahead })
    }

    /// The file that was given as the `index`th, which is at `path`.
    pub(crate) fn open(&self, index: usize, path: &Path) -> Result<Content, LakeError> {
        let Some(ahead) = &self.ahead else {
            return Ok(Content::Disk(fs::File::open(path).map_err(LakeError::io("open", path))?));
        };
        match ahead.take(index)? {
            Body::Whole { content, .. } => Ok(Content::Memory(content)),
            Body::Large(object) => {
                let copy = || {
                    let mut file = tempfile::tempfile()?;
                    io::copy(&mut object.reader(), &mut file)?;
                    Ok(file)
                };
                Ok(Content::Disk(copy().map_err(LakeError::io("read", path))?))
            }
        }
    }
}

/// A file of S3 on the disk, in `folder`, or the file itself.
pub(crate) fn fetched(path: PathBuf, size: u64, folder: &Path) -> Result<PathBuf, LakeError> {
    let Some((bucket, key)) = remote(&path)? else { return Ok(path) };
    let object = Object { bucket, key, size, etag: None };
    let copy = || {
        let (mut file, local) = tempfile::Builder::new().suffix(".parquet").tempfile_in(folder)?.keep()?;
        io::copy(&mut object.reader(), &mut file)?;
        Ok(local)
    };
    copy().map_err(|error: io::Error| LakeError::io("read", &path)(error))
}
