//! `s3://bucket/key`.

use std::fmt;
use std::path::Path;

const SCHEME: &str = "s3://";

/// Whether a path is an S3 URL.
pub fn is_s3(path: &str) -> bool {
    path.starts_with(SCHEME)
}

/// A bucket and a key, or a prefix of keys, in it. The key is used verbatim, without decoding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct S3Url {
    /// The bucket.
    pub bucket: String,
    /// The key; empty for the whole bucket.
    pub key: String,
}

impl S3Url {
    /// Parses `s3://bucket` or `s3://bucket/key`; `None` if the text has another form or the bucket name is
    /// invalid.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(SCHEME)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        // Characters that S3 allows in the names of old buckets. Dots and dashes alone would have another
        // meaning in a URL.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let fits = (1..=255).contains(&bucket.len())
            && bucket.bytes().all(is_plain)
            && bucket.bytes().any(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// Like [`S3Url::parse`], for a path that was made from such a text, for example the path of a folder in
    /// a dataset. Removes a trailing slash.
    pub fn of_path(path: &Path) -> Option<Self> {
        let mut url = Self::parse(path.to_str()?)?;
        url.key.truncate(url.key.trim_end_matches('/').len());
        Some(url)
    }

    /// The prefix of all keys below this one: the key with a trailing slash, or an empty text for the bucket.
    pub fn folder(&self) -> String {
        if self.key.is_empty() || self.key.ends_with('/') {
            self.key.clone()
        } else {
            format!("{}/", self.key)
        }
    }
}

impl fmt::Display for S3Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn buckets_and_keys() {
        for (text, bucket, key) in [
            ("s3://b", "b", ""),
            ("s3://b/", "b", ""),
            ("s3://my.logs-1/a/b.gz", "my.logs-1", "a/b.gz"),
            ("s3://b//a/", "b", "/a/"),
            ("s3://b/a%2Fb?c#d", "b", "a%2Fb?c#d"),
        ] {
            let url = S3Url::parse(text).unwrap();
            assert_eq!((url.bucket.as_str(), url.key.as_str()), (bucket, key), "{text}");
        }
        for wrong in
            ["", "s3:/b/a", "s3://", "s3:///a", "s3://../a", "s3://b@host/a", "s3://b:80/a", "/s3://b"]
        {
            assert_eq!(S3Url::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn folders_end_with_a_slash() {
        let folder = |text: &str| S3Url::of_path(Path::new(text)).unwrap().folder();
        assert_eq!(folder("s3://b"), "");
        assert_eq!(folder("s3://b/a"), "a/");
        assert_eq!(folder("s3://b/a/"), "a/");
    }
}
