//! Sources that are sent to another process.

use std::path::{Path, PathBuf};

use saltmine_s3::{Bucket, Object, S3Error, S3Url};
use serde::{Deserialize, Serialize};

use crate::source::Source;

/// A source as sent to another process. That process must see files on disk under the same paths, and finds
/// its own credentials for S3 objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteSource {
    /// An absolute path, or `s3://bucket/key`.
    path: PathBuf,
    name: String,
    object: Option<RemoteObject>,
    /// The name of the source that is read in its place because it has the same content.
    #[serde(default)]
    copy_of: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RemoteObject {
    key: String,
    size: u64,
    etag: Option<String>,
}

impl RemoteSource {
    /// Converts a source other than standard input.
    ///
    /// # Errors
    /// If its path cannot be made absolute.
    pub fn from_source(source: &Source) -> std::io::Result<Self> {
        let object = source.object.as_deref().map(|Object { key, size, etag, .. }| RemoteObject {
            key: key.clone(),
            size: *size,
            etag: etag.clone(),
        });
        let path = if object.is_some() { source.path.clone() } else { std::path::absolute(&source.path)? };
        Ok(Self { path, name: source.name.clone(), object, copy_of: None })
    }

    /// The path or URL.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name in the column `log_file`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same source, marked as a copy of the source `original`, if there is one.
    pub fn copying(self, original: Option<String>) -> Self {
        Self { copy_of: original, ..self }
    }

    /// The name of the source that is read in its place; `None` if this is not a copy.
    pub fn copy_of(&self) -> Option<&str> {
        self.copy_of.as_deref()
    }

    /// The source, with this process's own access to its bucket.
    ///
    /// # Errors
    /// If the bucket cannot be opened: there are no credentials, or the settings are wrong.
    pub fn into_source(self) -> Result<Source, S3Error> {
        let Self { path, name, object, .. } = self;
        let Some((RemoteObject { key, size, etag }, url)) = object.zip(S3Url::of_path(&path)) else {
            return Ok(Source::file(path, name));
        };
        let object = Object { bucket: Bucket::open(&url.bucket)?, key, size, etag };
        Ok(Source { path, name, stdin: false, object: Some(Box::new(object)) })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_arrives_with_an_absolute_path_and_its_name() {
        let source = Source::file("a/b.gz".into(), "b.gz".into());
        let sent = RemoteSource::from_source(&source).unwrap().into_source().unwrap();
        assert!(sent.path.is_absolute() && sent.path.ends_with("a/b.gz"));
        assert_eq!((sent.name.as_str(), sent.object), ("b.gz", None));
    }
}
