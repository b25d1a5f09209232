//! `s3://bucket/key`.

use std::fmt;
use std::path::Path;

const SCHEME: &str = "s3://";

/// Whether a path is one of S3.
pub fn is_s3(path: &str) -> bool {
    path.starts_with(SCHEME)
}

/// A bucket and a key, or the beginning of keys, in it. The key is as it is: nothing of it is decoded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct S3Url {
    /// The bucket.
    pub bucket: String,
    /// The key; empty for all of the bucket.
    pub key: String,
}

impl S3Url {
    /// Reads `s3://bucket` or `s3://bucket/key`; `None` where it is not that, or the bucket's name cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(SCHEME)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        // What S3 allows for old buckets; dots and dashes alone would be something else in a URL.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let fits = (1..=255).contains(&bucket.len())
            && bucket.bytes().all(is_plain)
            && bucket.bytes().any(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// As [`S3Url::parse`], of a path that was made from such a text, as that of a folder in a dataset. A slash at the
    /// end is taken off.
    pub fn of_path(path: &Path) -> Option<Self> {
        let mut url = Self::parse(path.to_str()?)?;
        url.key.truncate(url.key.trim_end_matches('/').len());
        Some(url)
    }

    /// The beginning of all keys below it: the key with a slash at its end, or nothing for the bucket.
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
